// What changes the shape of a tensor, or takes some of its values.

// Changes all rows of numbers along an axis.
function along(x, given, change) {
  const axis = axisOf(given, x.dims.length);
  const rows = build("string", x.dims.with(axis, 1), () => []);
  build(x.type, x.dims, (place) => readRepeated(rows, place).push(read(x, place)));
  rows.data = rows.data.map(change);
  return build(x.type, x.dims, (place) => readRepeated(rows, place)[place[axis]]);
}

function tiled(x, repeats) {
  const dims = x.dims.map((length, axis) => length * repeats[axis]);
  return build(x.type, dims, (place) => read(x, place.map((at, axis) => at % x.dims[axis])));
}

function reshaped(x, dims, zeroIsZero) {
  const kept = dims.map((length, axis) => (length === 0 && !zeroIsZero ? x.dims[axis] : length));
  const rest = x.data.length / size(kept.filter((length) => length !== -1));
  return { ...x, dims: kept.map((length) => (length === -1 ? rest : length)) };
}

function expanded(x, wanted) {
  const dims = commonDims([x, { dims: wanted }]);
  return build(x.type, dims, (place) => readRepeated(x, place));
}

function squeezed(x, axes) {
  const gone = axes?.map((axis) => axisOf(axis, x.dims.length));
  const kept = (length, axis) => (gone ? !gone.includes(axis) : length !== 1);
  return { ...x, dims: x.dims.filter(kept) };
}

function unsqueezed(x, axes) {
  const dims = [...x.dims];
  const places = axes.map((axis) => axisOf(axis, x.dims.length + axes.length));
  for (const place of places.sort((a, b) => a - b)) dims.splice(place, 0, 1);
  return { ...x, dims };
}

function concatenated(tensors, axis) {
  const along = axisOf(axis, tensors[0].dims.length);
  const owners = tensors.flatMap((x) => counted(x.dims[along], (place) => [x, place]));
  const dims = tensors[0].dims.with(along, owners.length);
  return build(tensors[0].type, dims, (place) => {
    const [owner, inside] = owners[place[along]];
    return read(owner, place.with(along, inside));
  });
}

function gathered(x, indices, axis) {
  const along = axisOf(axis, x.dims.length);
  const after = along + indices.dims.length;
  const dims = [...x.dims.slice(0, along), ...indices.dims, ...x.dims.slice(along + 1)];
  return build(x.type, dims, (place) => {
    const index = axisOf(read(indices, place.slice(along, after)), x.dims[along]);
    return read(x, [...place.slice(0, along), index, ...place.slice(after)]);
  });
}

function part(x, axis, start, length, step = 1) {
  const inside = (place) => place.with(axis, start + step * place[axis]);
  return build(x.type, x.dims.with(axis, length), (place) => read(x, inside(place)));
}

function transposed(x, order = [...x.dims.keys()].reverse()) {
  const inside = (place) => x.dims.map((_, axis) => place[order.indexOf(axis)]);
  return build(x.type, order.map((axis) => x.dims[axis]), (place) => read(x, inside(place)));
}

function split(x, axis, sizes) {
  let start = 0;
  return sizes.map((length) => part(x, axis, (start += length) - length, length));
}

function sliced(x, starts, ends, axes = [...starts.keys()], steps = starts.map(() => 1)) {
  return axes.reduce((rest, given, k) => {
    const axis = axisOf(given, rest.dims.length);
    const length = rest.dims[axis];
    const [first, last] = steps[k] < 0 ? [-1, length - 1] : [0, length]; // where an end may lie
    const within = (end) => Math.min(Math.max(axisOf(end, length), first), last);
    const [start, end] = [within(starts[k]), within(ends[k])];
    return part(rest, axis, start, Math.max(0, Math.ceil((end - start) / steps[k])), steps[k]);
  }, x);
}

function evenSizes(length, count) {
  const most = Math.ceil(length / count);
  return counted(count, (k) => Math.min(most, length - k * most));
}

function oneHot(x, categories) {
  const dims = [...x.dims, categories.length];
  const is = (place) => read(x, place.slice(0, -1)) === categories[place.at(-1)];
  return build("float32", dims, (place) => Number(is(place)));
}

const shape = (dims) => tensor("int64", [dims.length], dims);
