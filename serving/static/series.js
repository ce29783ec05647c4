// A form that takes series of numbers, typed or pasted, and perhaps a date.

import { ask, form, part } from "./answer.js";

// A word that is no number is sent as it is: the service says at which place it stands.
function numbers(text) {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  return words.map((word) => (Number.isFinite(Number(word)) ? Number(word) : word));
}

function instance() {
  const inputs = [...form.querySelectorAll("[data-dtype]")];
  return Object.fromEntries(
    inputs.map((input) => [input.name, input.dataset.dtype === "series" ? numbers(input.value) : input.value]),
  );
}

function showFaults(details) {
  for (const note of form.querySelectorAll(".fault")) {
    const faults = details.filter((each) => each.field === note.dataset.for);
    note.textContent = faults.map((each) => each.problem).join("; ");
    const input = part(note.id.replace("-fault", ""));
    input.setAttribute("aria-invalid", String(faults.length > 0));
    input.setAttribute("aria-describedby", faults.length ? note.id : note.id.replace("-fault", "-hint"));
  }
  form.querySelector("[aria-invalid=true]")?.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = instance();
  form.asked = Object.values(asked).find(Array.isArray);
  showFaults(await ask("application/json", JSON.stringify({ instances: [asked] })));
});
