// Reads a graph as `packed_graph.py` writes it, and computes it for one row of raw columns.

// The letters of base 85, with a comma in place of the one that begins a tag.
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
  + "!#$%&()*+-;,=>?@^_`{|}~";

function fromBase85(text) {
  const digits = new Map([...LETTERS].map((letter, digit) => [letter, digit]));
  const groups = Math.ceil(text.length / 5);
  const padded = text.padEnd(5 * groups, "~");
  const view = new DataView(new ArrayBuffer(4 * groups));
  for (let group = 0; group < groups; group++) {
    let value = 0;
    for (let k = 5 * group; k < 5 * group + 5; k++) value = 85 * value + digits.get(padded[k]);
    view.setUint32(4 * group, value);
  }
  return new Uint8Array(view.buffer, 0, 4 * groups - (padded.length - text.length));
}

// The content, and the bytes of its numbers behind it.
async function unpack(text) {
  const stream = new Blob([fromBase85(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const end = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const content = JSON.parse(new TextDecoder().decode(bytes.slice(4, end)));
  return { ...content, bytes: bytes.slice(end) };
}

const KINDS = {
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int16: Int16Array,
  int32: Int32Array, float32: Float32Array, float64: Float64Array,
};

// Numbers of which all first bytes come first.
function numbersAt(bytes, { kind, start, count }) {
  const width = KINDS[kind].BYTES_PER_ELEMENT;
  const place = (k) => start + (k % width) * count + Math.floor(k / width);
  const ordered = new Uint8Array(width * count).map((_, k) => bytes[place(k)]);
  return new KINDS[kind](ordered.buffer);
}

function constant({ type, dims, texts, numbers, whole, step }, bytes) {
  if (texts) return tensor(type, dims, texts);
  if (numbers) return tensor(type, dims, numbersAt(bytes, numbers));
  const steps = numbersAt(bytes, step);
  const weights = Float32Array.from(numbersAt(bytes, whole));
  return tensor(type, dims, weights.map((value, k) => value * steps[k % steps.length]));
}

function attributesIn(packed, bytes) {
  const given = (value) => value ?? NaN; // which JSON hasn't
  const plain = (value) => (value?.kind ? [...numbersAt(bytes, value)] : given(value));
  return Object.fromEntries(Object.entries(packed).map(([name, value]) => [name, plain(value)]));
}

function cell(value, type) {
  const missing = value === null || value === undefined || value === "";
  if (type === "string") return missing ? "" : String(value);
  return missing ? NaN : Number(value);
}

function compile({ inputs, constants, nodes, output, bytes }) {
  const fixed = Object.entries(constants).map(([name, packed]) => [name, constant(packed, bytes)]);
  const steps = nodes.map(([operator, from, to, attributes]) =>
    ({ compute: OPERATORS[operator](attributesIn(attributes, bytes)), from, to }));
  return (row) => {
    const values = new Map(fixed);
    for (const [name, type] of Object.entries(inputs)) {
      values.set(name, tensor(type, [1, 1], [cell(row[name], type)]));
    }
    for (const { compute, from, to } of steps) {
      const results = [compute(...from.map((name) => values.get(name)))].flat();
      to.forEach((name, place) => name && values.set(name, results[place])); // some want no name
    }
    return Array.from(values.get(output).data);
  };
}
