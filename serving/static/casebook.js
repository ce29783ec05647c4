"use strict";

const WIDTH = 400; // of the drawing, in its own units
const form = document.getElementById("ask");
const part = (id) => document.getElementById(id);
const short = (value) => Number(value.toPrecision(4)).toString();

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

function draw(value) {
  const binary = form.dataset.kind === "binary";
  const mark = Number(form.dataset.mark);
  const high = binary ? 1 : 1.25 * Math.max(Math.abs(value), Math.abs(mark), Number.MIN_VALUE);
  const place = (number) => WIDTH * Math.min(1, Math.max(0, number / high));
  part("bar").setAttribute("width", place(value));
  part("bar").classList.toggle("over", binary && value >= mark);
  part("mark").setAttribute("x1", place(mark));
  part("mark").setAttribute("x2", place(mark));
  const words = `${binary ? "threshold" : "example row"} ${short(mark)}`;
  part("mark-text").textContent = words;
  part("mark-text").setAttribute("x", place(mark));
  part("mark-text").setAttribute("text-anchor", place(mark) > WIDTH / 2 ? "end" : "start");
  part("drawn").textContent = `${form.dataset.output} ${short(value)}, ${words}`;
}

function range(warned) {
  if (warned.minimum === null) return `at most ${short(warned.maximum)}`;
  if (warned.maximum === null) return `at least ${short(warned.minimum)}`;
  return `${short(warned.minimum)} to ${short(warned.maximum)}`;
}

function showAnswer(answer) {
  const prediction = answer.predictions[0];
  const value = prediction[form.dataset.output];
  part("value").textContent = `${form.dataset.output} ${short(value)} ${form.dataset.unit}`.trim();
  part("label").textContent = prediction.label ?? "";
  part("version").textContent = `${answer.model.case} version ${answer.model.version}, trained on ${answer.model.trained_on} data`;
  part("warnings").replaceChildren(
    ...(answer.warnings ?? []).map((warned) => {
      const item = document.createElement("li");
      item.textContent = `${warned.field} = ${warned.value} is outside what training saw (${range(warned)}).`;
      return item;
    }),
  );
  part("raw").textContent = JSON.stringify(answer, null, 2);
  draw(value);
}

async function ask(event) {
  event?.preventDefault();
  try {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ instances: [row()] });
    const response = await fetch(form.dataset.url, { method: "POST", headers, body });
    const answer = await response.json();
    showFaults(answer.details ?? []);
    part("answer").hidden = !response.ok;
    part("error").hidden = response.ok;
    if (response.ok) showAnswer(answer);
    else part("error").textContent = [answer.error, ...answer.details.filter((each) => !each.field).map((each) => each.problem)].join(": ");
  } catch (error) {
    part("answer").hidden = true;
    part("error").hidden = false;
    part("error").textContent = `The service did not answer: ${error.message}`;
  }
}

form.addEventListener("submit", ask);
