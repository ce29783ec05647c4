// Asks the model and shows what it answers: a number, the most probable of several classes, or a forecast.

import { drawForecast } from "./forecast.js";

const WIDTH = 400; // of a drawing, in its own units
export const form = document.getElementById("ask");
export const part = (id) => document.getElementById(id);
const short = (value) => Number(value.toPrecision(4)).toString();
const percent = (share) => `${(100 * share).toFixed(1)} %`;

function drawNumber(value) {
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

function showNumber(prediction) {
  const value = prediction[form.dataset.output];
  part("value").textContent = `${form.dataset.output} ${short(value)} ${form.dataset.unit}`.trim();
  part("label").textContent = prediction.label ?? "";
  drawNumber(value);
}

function bar(share) {
  const make = (kind) => document.createElementNS("http://www.w3.org/2000/svg", kind);
  const drawing = make("svg");
  drawing.setAttribute("viewBox", `0 0 ${WIDTH} 16`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true"); // its number stands beside it
  for (const [name, width] of [["track", WIDTH], ["bar", WIDTH * share]]) {
    const rect = make("rect");
    rect.setAttribute("class", name);
    rect.setAttribute("width", width);
    rect.setAttribute("height", 16);
    drawing.append(rect);
  }
  return drawing;
}

function ranked({ label, probability }) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const share = document.createElement("span");
  name.textContent = label;
  share.textContent = percent(probability);
  item.append(name, bar(probability), share);
  return item;
}

function showRanking(prediction) {
  part("value").textContent = prediction.label;
  part("label").textContent = percent(prediction.probability);
  part("top").replaceChildren(...prediction.top.map(ranked));
}

function showForecast(prediction) {
  const { unit, step } = form.dataset;
  part("value").textContent = `${short(prediction.forecast[0])} ${unit}`.trim();
  const band = `${short(prediction.low[0])} to ${short(prediction.high[0])}`;
  part("label").textContent = `the next ${step || "step"}, ${band}`;
  drawForecast(part("chart"), part("steps"), form.asked, prediction, { step, unit, short });
}

function range(warned) {
  if (warned.minimum === null) return `at most ${short(warned.maximum)}`;
  if (warned.maximum === null) return `at least ${short(warned.minimum)}`;
  return `${short(warned.minimum)} to ${short(warned.maximum)}`;
}

function show(answer) {
  part("version").textContent = `${answer.model.case} version ${answer.model.version}, trained on ${answer.model.trained_on} data`;
  part("warnings").replaceChildren(
    ...(answer.warnings ?? []).map((warned) => {
      const item = document.createElement("li");
      item.textContent = `${warned.field} = ${warned.value} is outside what training saw (${range(warned)}).`;
      return item;
    }),
  );
  part("raw").textContent = JSON.stringify(answer, null, 2);
  const shown = { multiclass: showRanking, forecast: showForecast }[form.dataset.kind] ?? showNumber;
  shown(answer.predictions[0]);
}

// Show the answer, or what went wrong; return the faults of single fields, which belong beside these.
export async function ask(type, body) {
  try {
    const response = await fetch(form.dataset.url, { method: "POST", headers: { "Content-Type": type }, body });
    const answer = await response.json();
    const details = answer.details ?? [];
    part("answer").hidden = !response.ok;
    part("error").hidden = response.ok;
    if (response.ok) show(answer);
    else part("error").textContent = [answer.error, ...details.filter((each) => !each.field).map((each) => each.problem)].join(": ");
    return details.filter((each) => each.field);
  } catch (error) {
    part("answer").hidden = true;
    part("error").hidden = false;
    part("error").textContent = `The service did not answer: ${error.message}`;
    return [];
  }
}
