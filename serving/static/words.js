// The words of the page, in its language: they stand in the page, so no script has words of its own.

const { words, steps, faults } = JSON.parse(document.getElementById("words").textContent);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

export const say = (name, values = {}) => fill(words[name], values);
export const stepName = (step) => steps[step || "step"] ?? step; // one that a model of yours takes stays as it is
const parts = (pattern) => pattern.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));

// What the service says of a value, in the page's words; a sentence that the page doesn't know stays as it is.
export function problem(text) {
  for (const [pattern, told] of faults) {
    const found = text.match(new RegExp(`^${parts(pattern).join("(.+?)")}$`, "s"));
    if (!found) continue;
    const names = [...pattern.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    return fill(told, Object.fromEntries(names.map((name, place) => [name, problem(found[place + 1])])));
  }
  return text;
}

const language = document.documentElement.lang;
const exact = new Intl.NumberFormat(language, { maximumSignificantDigits: 4, useGrouping: false });
const large = new Intl.NumberFormat(language, { maximumFractionDigits: 1, useGrouping: true });

// Four digits that count, but never a whole number of more that is rounded.
export function short(value) {
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(2);
  return (size >= 999.95 ? large : exact).format(value); // below, four digits don't round up to 1000
}

// No rounding makes what is nearly certain certain.
export const probability = (share) => (share > 0.9999 && share < 1 ? "> 0.9999" : short(share));
export const percent = (share) => (share > 0.999 && share < 1 ? "> 99.9 %" : `${(100 * share).toFixed(1)} %`);
