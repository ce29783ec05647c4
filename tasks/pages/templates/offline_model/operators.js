// ONNX operators. Each takes a node's attributes, and returns what makes outputs of its inputs.

const TYPE_NAMES = { 1: "float32", 6: "int32", 7: "int64", 8: "string", 9: "bool", 11: "float64" };

const numbers = (x) => (x ? Array.from(x.data) : undefined);
const whole = (x) => x.type.startsWith("int");

const each = (change) => () => (x) => map(x, x.type, change);
const check = (change) => () => (x) => map(x, "bool", change);
const pairs = (change) => () => (a, b) => combine([a, b], a.type, change);
const compare = (change) => () => (a, b) => combine([a, b], "bool", change);
const all = (change) => () => (...tensors) => combine(tensors, tensors[0].type, change);

// Axes are an attribute in old versions of an operator and an input in new ones.
const reduction = (change) => ({ axes, keepdims = 1, noop_with_empty_axes: none }) =>
  (x, given) => {
    const along = axes ?? numbers(given) ?? [];
    return none && !along.length ? x : reduce(x, along, keepdims, change);
  };

const sum = (values) => values.reduce((total, value) => total + value, 0);
const largest = (values) => values.reduce((a, b) => Math.max(a, b));
const smallest = (values) => values.reduce((a, b) => Math.min(a, b));

// The sums up to each number, or from it on; an exclusive one leaves the number itself out.
const cumulative = ({ exclusive = 0, reverse = 0 }) => (values) => {
  let total = 0;
  const add = (value) => (total += value) - (exclusive ? value : 0);
  return reverse ? values.toReversed().map(add).reverse() : values.map(add);
};

const softplus = (value) => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
const halfToEven = (value) => {
  const up = Math.round(value);
  return Math.abs(value % 1) === 0.5 && up % 2 !== 0 ? up - 1 : up;
};
const sigmoid = (value) => 1 / (1 + Math.exp(-value));

// To 1.5e-7: Abramowitz and Stegun 1964, 7.1.26.
function erf(value) {
  const t = 1 / (1 + 0.3275911 * Math.abs(value));
  const weights = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const series = weights.reduce((total, weight) => (total + weight) * t, 0);
  return Math.sign(value) * (1 - series * Math.exp(-value * value));
}

function softmax(values) {
  const top = largest(values);
  const raised = values.map((value) => Math.exp(value - top));
  const total = sum(raised);
  return raised.map((value) => value / total);
}

function logSoftmax(values) {
  const top = largest(values);
  const total = Math.log(sum(values.map((value) => Math.exp(value - top))));
  return values.map((value) => value - top - total);
}

// The places of the greatest or least numbers along an axis.
const placeOf = (best) => ({ axis = 0, keepdims = 1, select_last_index: last = 0 }) => (x) => {
  const find = (values) => (last ? values.lastIndexOf(best(values)) : values.indexOf(best(values)));
  return cast(reduce(x, [axis], keepdims, find), "int64");
};

function clipped(x, low, high) {
  const [least, most] = [low?.data[0] ?? -Infinity, high?.data[0] ?? Infinity];
  return map(x, x.type, (value) => Math.min(Math.max(value, least), most));
}

function normalized(values, norm) {
  const L1 = sum(values.map(Math.abs));
  const length = { MAX: largest(values), L1, L2: Math.hypot(...values) }[norm];
  return values.map((value) => value / (length || 1));
}

// The texts between separators; a second output says how many there are.
function pieces(x, separator) {
  const lists = x.data.map((text) => text.split(separator));
  const most = Math.max(...lists.map((list) => list.length));
  const texts = build("string", [...x.dims, most], () => "");
  texts.data = lists.flatMap((list) => counted(most, (place) => list[place] ?? ""));
  return [texts, tensor("int64", x.dims, lists.map((list) => list.length))];
}

function cast(x, type) {
  if (type === "string") return map(x, type, String);
  if (type === "bool") return map(x, type, (value) => Number(value !== 0));
  return map(x, type, type.startsWith("int") ? (value) => Math.trunc(Number(value)) : Number);
}

// Where letters of two units count as one, a needless backslash is a fault.
function wholeMatch(pattern) {
  try {
    return new RegExp(`^(?:${pattern})$`, "u");
  } catch {
    return new RegExp(`^(?:${pattern})$`);
  }
}

const LABELS = {
  strings: ["string", "default_string", "_Unused"],
  int64s: ["int64", "default_int64", -1],
  floats: ["float32", "default_float", 0],
};

function labelEncoder(attributes) {
  const kinds = Object.keys(LABELS);
  const keys = kinds.map((kind) => attributes[`keys_${kind}`]).find(Boolean);
  const kind = kinds.find((name) => attributes[`values_${name}`]);
  const [type, missing, usual] = LABELS[kind];
  const values = new Map(keys.map((key, place) => [key, attributes[`values_${kind}`][place]]));
  return (x) => map(x, type, (key) => values.get(key) ?? attributes[missing] ?? usual);
}

function linear(x, coefficients, intercepts) {
  const width = x.dims.at(-1);
  const scores = intercepts.map((intercept, k) => {
    const weights = coefficients.slice(k * width, (k + 1) * width);
    return sum(weights.map((weight, place) => weight * x.data[place])) + intercept;
  });
  return tensor("float32", [1, scores.length], scores);
}

function scaled(x, offset, scale) {
  const [from, by] = [offset, scale].map((values) => tensor("float32", [values.length], values));
  const change = (value, mean, factor) => Math.fround(value - mean) * factor;
  return combine([cast(x, "float32"), from, by], "float32", change);
}

function divided(a, b) {
  return combine([a, b], a.type, whole(a) ? (x, y) => Math.trunc(x / y) : (x, y) => x / y);
}

// A whole number's remainder has the sign of the divisor.
function remainder(a, b, fmod) {
  return combine([a, b], a.type, fmod ? (x, y) => x % y : (x, y) => ((x % y) + y) % y);
}

// A vector is a row on the left and a column on the right, and its axis goes again.
function matmul(a, b) {
  const [left, right] = [a.dims.length === 1, b.dims.length === 1];
  const rows = left ? unsqueezed(a, [0]) : a;
  const result = product(rows, right ? unsqueezed(b, [1]) : b);
  return squeezed(result, [...(left ? [-2] : []), ...(right ? [-1] : [])]);
}

function gemm(a, b, c, { alpha = 1, beta = 1, transA = 0, transB = 0 }) {
  const raw = product(transA ? transposed(a) : a, transB ? transposed(b) : b);
  const weighed = map(raw, raw.type, (value) => alpha * value);
  return c ? combine([weighed, c], raw.type, (x, y) => x + beta * y) : weighed;
}

const belowZero = (change) => (x) => map(x, x.type, (value) => (value < 0 ? change(value) : value));

const OPERATORS = {
  Abs: each(Math.abs),
  Add: pairs((a, b) => a + b),
  And: compare((a, b) => a && b),
  ArgMax: placeOf(largest),
  ArgMin: placeOf(smallest),
  ArrayFeatureExtractor: () => (x, places) => gathered(x, reshaped(places, [-1]), -1),
  Binarizer: ({ threshold = 0 }) => (x) => map(x, x.type, (value) => Number(value > threshold)),
  Cast: ({ to }) => (x) => cast(x, TYPE_NAMES[to]),
  Ceil: each(Math.ceil),
  Clip: () => clipped,
  Concat: ({ axis }) => (...tensors) => concatenated(tensors, axis),
  Cos: each(Math.cos),
  CumSum: (attributes) => (x, axis) => along(x, axis.data[0], cumulative(attributes)),
  Div: () => divided,
  Elu: ({ alpha = 1 }) => belowZero((value) => alpha * Math.expm1(value)),
  Equal: compare((a, b) => a === b),
  Erf: each(erf),
  Exp: each(Math.exp),
  Expand: () => (x, dims) => expanded(x, numbers(dims)),
  Flatten: ({ axis = 1 }) => (x) => reshaped(x, [size(x.dims.slice(0, axis)), -1]),
  Floor: each(Math.floor),
  Gather: ({ axis = 0 }) => (x, indices) => gathered(x, indices, axis),
  Gemm: (attributes) => (a, b, c) => gemm(a, b, c, attributes),
  Greater: compare((a, b) => a > b),
  GreaterOrEqual: compare((a, b) => a >= b),
  Identity: () => (x) => x,
  IsInf: check((value) => Number(Math.abs(value) === Infinity)),
  IsNaN: check((value) => Number(Number.isNaN(value))),
  LabelEncoder: labelEncoder,
  LeakyRelu: ({ alpha = 0.01 }) => belowZero((value) => alpha * value),
  Less: compare((a, b) => a < b),
  LessOrEqual: compare((a, b) => a <= b),
  LinearClassifier: (attributes) => linearClassifier(attributes),
  LinearRegressor: ({ coefficients, intercepts }) => (x) => linear(x, coefficients, intercepts),
  Log: each(Math.log),
  LogSoftmax: ({ axis = -1 }) => (x) => along(x, axis, logSoftmax),
  MatMul: () => matmul,
  Max: all(Math.max),
  Min: all(Math.min),
  Mod: ({ fmod = 0 }) => (a, b) => remainder(a, b, fmod),
  Mul: pairs((a, b) => a * b),
  Neg: each((value) => -value),
  Normalizer: ({ norm = "MAX" }) => (x) => along(x, -1, (values) => normalized(values, norm)),
  Not: check((value) => Number(!value)),
  OneHotEncoder: ({ cats_int64s, cats_strings }) => (x) => oneHot(x, cats_strings ?? cats_int64s),
  Or: compare((a, b) => a || b),
  Pow: pairs((a, b) => a ** b),
  Reciprocal: each((value) => 1 / value),
  ReduceMax: reduction(largest),
  ReduceMean: reduction((values) => sum(values) / values.length),
  ReduceMin: reduction(smallest),
  ReduceProd: reduction((values) => values.reduce((total, value) => total * value, 1)),
  ReduceSum: reduction(sum),
  ReduceSumSquare: reduction((values) => sum(values.map((value) => value * value))),
  RegexFullMatch: ({ pattern }) => {
    const expression = wholeMatch(pattern);
    return (x) => map(x, "bool", (text) => Number(expression.test(text)));
  },
  Relu: each((value) => Math.max(0, value)),
  Reshape: ({ allowzero = 0 }) => (x, dims) => reshaped(x, numbers(dims), allowzero),
  Round: each(halfToEven),
  Scaler: ({ offset, scale }) => (x) => scaled(x, offset, scale),
  Shape: ({ start, end }) => (x) => shape(x.dims.slice(start, end)),
  Sigmoid: each(sigmoid),
  Sign: each(Math.sign),
  Sin: each(Math.sin),
  Slice: () => (x, ...given) => sliced(x, ...given.map(numbers)),
  Softmax: ({ axis = -1 }) => (x) => along(x, axis, softmax),
  Softplus: each(softplus),
  Softsign: each((value) => value / (1 + Math.abs(value))),
  Split: ({ axis = 0, num_outputs: count }) => (x, sizes) => {
    const along = axisOf(axis, x.dims.length);
    return split(x, along, numbers(sizes) ?? evenSizes(x.dims[along], count));
  },
  Sqrt: each(Math.sqrt),
  Squeeze: () => (x, axes) => squeezed(x, numbers(axes)),
  StringConcat: pairs((a, b) => a + b),
  StringSplit: ({ delimiter }) => (x) => pieces(x, delimiter),
  Sub: pairs((a, b) => a - b),
  Sum: all((...values) => sum(values)),
  SVMRegressor: (attributes) => supportVectors(attributes),
  Tanh: each(Math.tanh),
  Tile: () => (x, repeats) => tiled(x, numbers(repeats)),
  Transpose: ({ perm }) => (x) => transposed(x, perm),
  TreeEnsembleClassifier: (attributes) => treeClassifier(attributes),
  TreeEnsembleRegressor: (attributes) => treeRegressor(attributes),
  Unsqueeze: () => (x, axes) => unsqueezed(x, numbers(axes)),
  Where: () => (condition, a, b) => combine([condition, a, b], a.type, (is, x, y) => (is ? x : y)),
};
