// Tensors: numbers or texts of one type, in rows one after the other.

const ARRAYS = {
  float32: Float32Array, float64: Float64Array, int32: Int32Array, int64: Float64Array,
  bool: Uint8Array, string: Array,
};

const size = (dims) => dims.reduce((product, length) => product * length, 1);

const tensor = (type, dims, data) => ({ type, dims, data: ARRAYS[type].from(data) });

const counted = (length, change) => Array.from({ length }, (_, place) => change(place));

// A tensor whose value at some coordinates is what a function says.
function build(type, dims, valueAt) {
  const data = new ARRAYS[type](size(dims));
  const place = dims.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = valueAt(place);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (++place[axis] < dims[axis]) break;
      place[axis] = 0;
    }
  }
  return { type, dims, data };
}

function read({ dims, data }, place) {
  let offset = 0;
  for (let axis = 0; axis < dims.length; axis++) offset = offset * dims[axis] + place[axis];
  return data[offset];
}

// Axes of length one repeat, and missing ones in front as well, as in NumPy.
function readRepeated(x, place) {
  const first = place.length - x.dims.length;
  return read(x, x.dims.map((length, axis) => (length === 1 ? 0 : place[first + axis])));
}

function commonDims(tensors) {
  const rank = Math.max(...tensors.map((x) => x.dims.length));
  const padded = tensors.map((x) => [...Array(rank - x.dims.length).fill(1), ...x.dims]);
  return padded[0].map((_, axis) => {
    const lengths = padded.map((dims) => dims[axis]);
    return lengths.find((length) => length !== 1) ?? 1;
  });
}

const map = (x, type, change) => ({ type, dims: x.dims, data: ARRAYS[type].from(x.data, change) });

function combine(tensors, type, change) {
  const dims = commonDims(tensors);
  const values = (place) => change(...tensors.map((x) => readRepeated(x, place)));
  return build(type, dims, values);
}

const axisOf = (axis, rank) => (axis < 0 ? axis + rank : axis);

// Replaces all numbers along some axes by one; no axes are all axes.
function reduce(x, axes, keep, change) {
  const given = axes.length ? axes : [...x.dims.keys()];
  const gone = given.map((axis) => axisOf(axis, x.dims.length));
  const dims = x.dims.map((length, axis) => (gone.includes(axis) ? 1 : length));
  const groups = build("string", dims, () => []);
  build(x.type, x.dims, (place) => readRepeated(groups, place).push(read(x, place)));
  const reduced = tensor(x.type, dims, groups.data.map(change));
  if (!keep) reduced.dims = dims.filter((_, axis) => !gone.includes(axis));
  return reduced;
}

// Where the matrices of a tensor begin, one for each place of the axes in front.
function matrices(x, front) {
  const dims = x.dims.slice(0, -2);
  const numbers = tensor("int64", dims, Array(size(dims)).keys());
  const area = size(x.dims.slice(-2));
  return build("int64", front, (place) => area * readRepeated(numbers, place)).data;
}

// The product of the matrices in the last two axes; axes in front are repeated where they differ.
function product(a, b) {
  const front = commonDims([a, b].map((x) => ({ dims: x.dims.slice(0, -2) })));
  const [rows, shared] = a.dims.slice(-2);
  const columns = b.dims.at(-1);
  const others = matrices(b, front);
  const result = build(a.type, [...front, rows, columns], () => 0);
  let place = 0;
  matrices(a, front).forEach((start, stack) => {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < shared; k++) {
          sum += a.data[start + row * shared + k] * b.data[others[stack] + k * columns + column];
        }
        result.data[place++] = sum;
      }
    }
  });
  return result;
}
