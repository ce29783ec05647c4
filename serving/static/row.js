// A form with an input per column, or for a text.

import { ask, form, part } from "./ask.js";
import { showCode } from "./code.js";
import { inputs, noteAll, showFaults, unreadable } from "./fields.js";
import { say } from "./words.js";

const LONGEST = 2000; // characters of an address that every program takes

function cell(input) {
  if (input.value === "") return null;
  return input.dataset.dtype === "string" ? input.value : Number(input.value);
}

const row = () => Object.fromEntries(inputs().map((input) => [input.dataset.name, cell(input)]));
const question = () => JSON.stringify({ instances: [row()] });

// A list of numbers may write one in another way than JSON does: 4 and 4.0.
function put(input, value) {
  const same = (option) => option.value !== "" && Number(option.value) === Number(value);
  const listed = input.options && input.dataset.dtype !== "string" && [...input.options].find(same);
  input.value = listed ? listed.value : (value ?? "");
}

function fill(values) {
  for (const input of inputs()) if (Object.hasOwn(values, input.dataset.name)) put(input, values[input.dataset.name]);
  noteAll();
  showCode(question());
}

// The values stand behind the address's #, which no server sees or logs. Without an answer there is none to share.
function link(answered) {
  const values = new URLSearchParams(inputs().map((input) => [input.dataset.name, input.value]));
  const bare = location.pathname + location.search;
  const fits = new URL(`${bare}#${values}`, location.href).href.length < LONGEST;
  history.replaceState(null, "", answered && fits ? `${bare}#${values}` : bare);
  part("link").textContent = answered && fits ? say("link") : "";
}

const fromAddress = () => fill(Object.fromEntries(new URLSearchParams(location.hash.slice(1))));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const faults = unreadable();
  if (faults.length) return showFaults(faults);
  showCode(question());
  const refused = await ask("application/json", question());
  showFaults(refused);
  if (refused) link(part("error").textContent === "");
});
form.addEventListener("reset", () => setTimeout(() => (link(false), showCode(question()))));
addEventListener("hashchange", fromAddress);

for (const chip of document.querySelectorAll("[data-row]")) {
  chip.addEventListener("click", () => {
    fill(JSON.parse(chip.dataset.row));
    form.requestSubmit();
  });
}

fromAddress();
