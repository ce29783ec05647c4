// A form with an input per column, or for a text.

import { ask, form } from "./ask.js";
import { inputs, showFaults, unreadable } from "./fields.js";

function cell(input) {
  if (input.value === "") return null;
  return input.dataset.dtype === "string" ? input.value : Number(input.value);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const faults = unreadable();
  if (faults.length) return showFaults(faults);
  const row = Object.fromEntries(inputs().map((input) => [input.name, cell(input)]));
  showFaults(await ask("application/json", JSON.stringify({ instances: [row] })));
});
