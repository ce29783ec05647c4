// Models as ONNX writes them in one node: trees, linear models and support vectors.

const GOES_LEFT = {
  BRANCH_LEQ: (value, bound) => value <= bound, BRANCH_LT: (value, bound) => value < bound,
  BRANCH_GT: (value, bound) => value > bound, BRANCH_GTE: (value, bound) => value >= bound,
  BRANCH_EQ: (value, bound) => value === bound, BRANCH_NEQ: (value, bound) => value !== bound,
};

// The roots, and where each node goes on if its comparison fails: else it goes on to the next one.
function structure(leaf) {
  const [roots, right, open] = [[], [], []];
  leaf.forEach((ends, row) => {
    const afterLeaf = row === 0 || leaf[row - 1];
    if (afterLeaf && open.length) right[open.pop()] = row;
    else if (afterLeaf) roots.push(row);
    if (!ends) open.push(row);
  });
  return { roots, right };
}

// Of the nodes that are leaves, or are none, how many such ones come before.
function placesOf(leaf, kind) {
  let count = 0;
  return leaf.map((ends) => (ends === kind ? count++ : -1));
}

// Returns the function that adds up what the leaves say that a row reaches.
function ensemble({ leaf, features, bounds, modes, missing, base_values: base, ...rest }, count) {
  const { roots, right } = structure(leaf);
  const inner = placesOf(leaf, 0);
  const ends = placesOf(leaf, 1);
  const { counts, targets, weights, values } = rest;
  const starts = counts.map(((start) => (own) => (start += own) - own)(0));
  const goesLeft = (k, value) =>
    Number.isNaN(value) ? missing[k] : GOES_LEFT[modes[k] ?? modes[0]](value, bounds[k]);
  const reached = (x) => (root) => {
    let row = root;
    while (!leaf[row]) row = goesLeft(inner[row], x[features[inner[row]]]) ? row + 1 : right[row];
    return ends[row];
  };
  const share = rest.aggregate_function === "AVERAGE" ? 1 / roots.length : 1;
  return (x) => {
    const totals = counted(count, (target) => base[target] ?? 0);
    for (const end of roots.map(reached(x))) {
      for (let k = starts[end]; k < starts[end] + counts[end]; k++) {
        totals[targets[k]] += share * values[weights[k]];
      }
    }
    return totals;
  };
}

function treeRegressor(attributes) {
  const count = attributes.n_targets ?? 1;
  const add = ensemble(attributes, count);
  return (x) => tensor("float32", [1, count], add(x.data));
}

const AFTER = { LOGISTIC: (scores) => scores.map(sigmoid), SOFTMAX: softmax };

// Of two classes the trees may speak of one alone; its number is a probability or a logit.
function treeClassifier(attributes) {
  const { classlabels_int64s: names, targets, values } = attributes;
  const alone = names.length === 2 && new Set(targets).size === 1;
  const probability = values.every((value) => value >= 0);
  const own = targets.map((target) => (alone ? 0 : target));
  const add = ensemble({ ...attributes, targets: own }, alone ? 1 : names.length);
  const after = AFTER[attributes.post_transform] ?? ((scores) => scores);
  return (x) => {
    const scores = add(x.data);
    const both = alone ? [probability ? 1 - scores[0] : -scores[0], scores[0]] : scores;
    const label = tensor("int64", [1], [names[both.indexOf(largest(both))]]);
    return [label, tensor("float32", [1, names.length], after(both))];
  };
}

function linearClassifier({ coefficients, intercepts, classlabels_ints: names, ...rest }) {
  const after = AFTER[rest.post_transform] ?? ((scores) => scores);
  return (x) => {
    const scores = linear(x, coefficients, intercepts).data;
    const label = tensor("int64", [1], [names[scores.indexOf(largest(scores))]]);
    return [label, tensor("float32", [1, names.length], after([...scores]))];
  };
}

const KERNELS = {
  LINEAR: (a, b) => sum(a.map((value, k) => value * b[k])),
  RBF: (a, b, gamma) => Math.exp(-gamma * sum(a.map((value, k) => (value - b[k]) ** 2))),
  POLY: (a, b, gamma, rise, degree) => (gamma * KERNELS.LINEAR(a, b) + rise) ** degree,
  SIGMOID: (a, b, gamma, rise) => Math.tanh(gamma * KERNELS.LINEAR(a, b) + rise),
};

function supportVectors(attributes) {
  const { coefficients, support_vectors: vectors, rho, kernel_params: settings } = attributes;
  const kernel = KERNELS[attributes.kernel_type];
  const width = vectors.length / coefficients.length;
  const supports = coefficients.map((_, k) => vectors.slice(k * width, (k + 1) * width));
  return (x) => {
    const row = Array.from(x.data);
    const shares = supports.map((vector, k) => coefficients[k] * kernel(row, vector, ...settings));
    return tensor("float32", [1, 1], [sum(shares) + rho[0]]);
  };
}
