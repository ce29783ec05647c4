// A form with an input per column.

import { ask, form, part } from "./answer.js";

function cell(input) {
  if (input.value === "") return null;
  return input.dataset.dtype === "string" ? input.value : Number(input.value);
}

function row() {
  const inputs = [...form.querySelectorAll("[data-dtype]")];
  return Object.fromEntries(inputs.map((input) => [input.name, cell(input)]));
}

function showFaults(details) {
  for (const note of form.querySelectorAll(".fault")) {
    const fault = details.find((each) => each.field === note.dataset.for);
    note.textContent = fault ? fault.problem : "";
    const input = part(note.id.replace("-fault", ""));
    input.setAttribute("aria-invalid", String(Boolean(fault)));
    input.setAttribute("aria-describedby", fault ? note.id : note.id.replace("-fault", "-hint"));
  }
  form.querySelector("[aria-invalid=true]")?.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  showFaults(await ask("application/json", JSON.stringify({ instances: [row()] })));
});
