// A form with an input per column, or for a text.

import { ask, form, part } from "./ask.js";
import { showCode } from "./code.js";
import { inputs, noteAll, showFaults, unreadable } from "./fields.js";
import { say } from "./words.js";

const LONGEST = 2000; // characters of a link that every program takes

function cell(input) {
  if (input.value === "") return null;
  return input.dataset.dtype === "string" ? input.value : Number(input.value);
}

const row = () => Object.fromEntries(inputs().map((input) => [input.name, cell(input)]));
const question = () => JSON.stringify({ instances: [row()] });

function fill(values) {
  for (const input of inputs()) if (input.name in values) input.value = values[input.name] ?? "";
  noteAll();
  showCode(question());
}

// The values stand behind the address's #, which no server sees or logs.
function link() {
  const values = new URLSearchParams(inputs().map((input) => [input.name, input.value]));
  const address = `${location.pathname}${location.search}#${values}`;
  const short = address.length < LONGEST;
  if (short) history.replaceState(null, "", address);
  part("link").textContent = short ? say("link") : "";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const faults = unreadable();
  if (faults.length) return showFaults(faults);
  showCode(question());
  link();
  showFaults(await ask("application/json", question()));
});

for (const chip of document.querySelectorAll("[data-row]")) {
  chip.addEventListener("click", () => {
    fill(JSON.parse(chip.dataset.row));
    form.requestSubmit();
  });
}

fill(Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
