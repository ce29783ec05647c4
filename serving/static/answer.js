// Shows what a model answered: a number, the most probable of several classes, or a forecast.

import { drawForecast } from "./forecast.js";
import { percent, probability, say, short, stepName } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const part = (id) => document.getElementById(id);
const form = part("ask");

export function showAnswer(answer) {
  const { model, warnings = [], more_warnings: more } = answer;
  part("version").textContent = say(model.trained_on, model);
  part("version").classList.toggle("warn", model.trained_on === "sample");
  const lines = warnings.map((warned) => say("warning", { ...warned, range: range(warned) }));
  if (more) lines.push(say("more_warnings", { count: more }));
  const { version } = form.dataset;
  if (String(model.version) !== version) lines.unshift(say("newer", { page: version, version: model.version }));
  part("warnings").replaceChildren(...lines.map((line) => make("li", line)));
  part("raw").textContent = JSON.stringify(answer, null, 2);
  part("shown").hidden = false; // what is drawn fills the room it has
  const show = { multiclass: showRanking, forecast: showForecast }[form.dataset.kind] ?? showNumber;
  show(answer.predictions[0]);
}

export function clearAnswer() {
  for (const id of ["value", "label", "version"]) part(id).textContent = "";
  part("warnings").replaceChildren();
  part("shown").hidden = true;
}

const make = (kind, text) => Object.assign(document.createElement(kind), { textContent: text });

function range({ minimum, maximum }) {
  if (minimum === null) return say("at_most", { maximum: short(maximum) });
  if (maximum === null) return say("at_least", { minimum: short(minimum) });
  return say("between", { minimum: short(minimum), maximum: short(maximum) });
}

function showNumber(prediction) {
  const { output, unit } = form.dataset;
  const told = (form.dataset.kind === "binary" ? probability : short)(prediction[output]);
  const number = `${output} ${told} ${unit}`.trim();
  part("value").textContent = prediction.label ?? number;
  part("label").textContent = prediction.label ? say("of_class", { share: ofNamed(prediction) }) : error();
  drawNumber(prediction[output], `${output} ${told}`);
}

// The probability of the class that is named, which may be the other one than the model's number is of.
function ofNamed(prediction) {
  const { output, positive } = form.dataset;
  const share = prediction[output];
  return percent(prediction.label === positive ? share : 1 - share);
}

function error() {
  const { error, unit } = form.dataset;
  return error ? say("typical_error", { error: short(Number(error)), unit }).replace(/ +/g, " ") : "";
}

// A bar from zero to the number, with the threshold or the example's answer as a mark.
function drawNumber(value, told) {
  const binary = form.dataset.kind === "binary";
  const mark = Number(form.dataset.mark);
  const [low, high] = binary ? [0, 1] : ends(value, mark);
  const width = part("scale").clientWidth; // drawn in pixels, so words keep their size on a small screen
  const place = (number) => width * Math.min(1, Math.max(0, (number - low) / (high - low)));
  const words = say(`mark_${form.dataset.kind}`, { value: short(mark) });
  set("bar", { x: Math.min(place(0), place(value)), width: Math.abs(place(value) - place(0)) });
  set("mark", { x1: place(mark), x2: place(mark) });
  const share = place(mark) / width;
  set("mark-text", { x: place(mark), "text-anchor": share > 0.75 ? "end" : share < 0.25 ? "start" : "middle" });
  part("mark-text").textContent = words;
  part("low-text").textContent = share > 0.35 ? short(low) : ""; // where the mark's words leave room
  part("high-text").textContent = share < 0.65 ? short(high) : "";
  part("drawn").textContent = say("number_drawn", { number: told, mark: words });
}

// Round numbers around zero, the value and the mark.
function ends(value, mark) {
  const most = Math.max(Math.abs(value), Math.abs(mark)) || 1;
  const step = 10 ** Math.floor(Math.log10(most));
  const end = Math.ceil((1.1 * most) / step) * step;
  return [Math.min(value, mark) < 0 ? -end : 0, Math.max(value, mark) > 0 ? end : 0];
}

function set(id, facts) {
  for (const [name, value] of Object.entries(facts)) part(id).setAttribute(name, value);
}

function showRanking(prediction) {
  part("value").textContent = prediction.label;
  part("label").textContent = percent(prediction.probability);
  part("top").replaceChildren(...prediction.top.map(ranked));
}

function ranked({ label, probability }) {
  const item = document.createElement("li");
  item.append(make("span", label), bar(probability), make("span", percent(probability)));
  return item;
}

function bar(share) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 1 1");
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true"); // its number stands beside it
  for (const [name, width] of [["track", 1], ["bar", share]]) {
    const rect = document.createElementNS(SVG, "rect");
    rect.setAttribute("class", name);
    rect.setAttribute("width", width);
    rect.setAttribute("height", 1);
    drawing.append(rect);
  }
  return drawing;
}

function showForecast(prediction) {
  const { forecast, low, high } = prediction;
  const { unit, step } = form.dataset;
  part("value").textContent = `${short(forecast[0])} ${unit}`.trim();
  part("label").textContent = say("forecast_label", { step: stepName(step), low: short(low[0]), high: short(high[0]) });
  drawForecast(part("chart"), form.asked, prediction, { step, unit });
}
