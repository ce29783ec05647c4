// A form that takes series of numbers, typed or pasted, and perhaps a date.

import { ask, form } from "./ask.js";
import { inputs, numbers, showFaults } from "./fields.js";

const cell = (input) => (input.dataset.dtype === "series" ? numbers(input.value) : input.value);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = Object.fromEntries(inputs().map((input) => [input.dataset.name, cell(input)]));
  form.asked = Object.values(asked).find(Array.isArray);
  showFaults(await ask("application/json", JSON.stringify({ instances: [asked] })));
});
