// What forms of fields share: faults beside their fields, and what can be told while somebody still types.

import { form, part } from "./ask.js";
import { problem, say } from "./words.js";

export const inputs = () => [...form.querySelectorAll("[data-dtype]")];

// A word that is no number stays as it is: the service says at which place it stands.
export function numbers(text) {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  return words.map((word) => (Number.isFinite(Number(word)) ? Number(word) : word));
}

// Faults as the service lists them; `null` is an answer that somebody no longer waits for.
export function showFaults(faults) {
  if (!faults) return;
  for (const input of inputs()) {
    const mine = faults.filter((fault) => fault.field === input.dataset.name).map((fault) => problem(fault.problem));
    showFault(input, mine.join("; "));
  }
  form.querySelector("[aria-invalid=true]")?.focus();
}

export function showFault(input, text) {
  part(`${input.id}-fault`).textContent = text;
  input.setAttribute("aria-invalid", String(Boolean(text)));
  input.setAttribute("aria-describedby", text ? `${input.id}-fault ${input.id}-hint` : `${input.id}-hint`);
}

// What the browser cannot read as a number it keeps to itself, so only here can it be told from an empty field.
export const unreadable = () =>
  inputs()
    .filter((input) => input.validity.badInput)
    .map((input) => ({ field: input.dataset.name, problem: say("no_number") }));

function beyond(input) {
  const { low, high } = input.dataset;
  if (low === undefined && high === undefined) return input.validity.rangeUnderflow || input.validity.rangeOverflow;
  return numbers(input.value).some((value) => value < Number(low ?? -Infinity) || value > Number(high ?? Infinity));
}

// A text that training never saw, where others are answered too.
const unseen = (input) => input.list && input.value !== "" && ![...input.list.options].some((option) => option.value === input.value);

function note(input) {
  const outside = part(`${input.id}-outside`);
  if (outside) {
    outside.hidden = !(input.list ? unseen(input) : beyond(input));
    input.classList.toggle("beyond", !outside.hidden);
  }
  const count = part(`${input.id}-count`);
  if (!count) return;
  const series = input.dataset.dtype === "series";
  const found = series ? numbers(input.value).length : [...input.value].length;
  const most = Number(count.dataset.most);
  count.textContent = `${found} / ${most}`;
  count.classList.toggle("over", series ? found !== most : found > most);
}

export const noteAll = () => inputs().forEach(note);

for (const input of inputs()) {
  note(input);
  input.addEventListener("input", () => note(input));
}
form.addEventListener("reset", () =>
  setTimeout(() => inputs().forEach((input) => (note(input), showFault(input, "")))), // once the fields are reset
);
