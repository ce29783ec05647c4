// A forecast drawn behind the series it goes on from, with its band, and its numbers in a table.

import { say, short, stepName } from "./words.js";

const [HEIGHT, LEFT, BOTTOM, TOP] = [220, 52, 22, 10]; // in pixels: the drawing, and what its axes take
const make = (kind, facts) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(facts)) element.setAttribute(name, value);
  return element;
};
const label = (x, y, text, anchor) => {
  const element = make("text", { x, y, "text-anchor": anchor });
  element.textContent = text;
  return element;
};

// Draw into `drawing`, as wide as it is shown; `before` is the series that was asked about.
export function drawForecast(drawing, before, prediction, { step, unit }) {
  const { forecast, low, high } = prediction;
  const width = Math.max(240, drawing.clientWidth);
  drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const all = [...before, ...forecast, ...low, ...high].filter(Number.isFinite);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const count = before.length + forecast.length;
  const x = (place) => LEFT + ((width - LEFT - 4) * place) / Math.max(1, count - 1);
  const y = (value) => TOP + (HEIGHT - BOTTOM - TOP) * (1 - (value - least) / (most - least || 1));
  const now = x(before.length - 0.5);
  drawing.replaceChildren(
    title(before, forecast),
    ...levels(least, most).flatMap((level) => [
      make("line", { class: "axis", x1: LEFT, x2: width, y1: y(level), y2: y(level) }),
      label(LEFT - 6, y(level) + 4, short(level), "end"),
    ]),
    ...lines(before, prediction, x, y),
    make("line", { class: "mark", x1: now, x2: now, y1: TOP - 6, y2: HEIGHT - BOTTOM }),
    label(now - 6, HEIGHT - 5, say("asked"), "end"),
    label(Math.min(now + 6, width - 50), HEIGHT - 5, say("forecast"), "start"),
  );
  fillTable(prediction, step, unit);
}

function title(before, forecast) {
  const [first, last] = [short(forecast[0]), short(forecast[forecast.length - 1])];
  const element = make("title", { id: "drawn" });
  element.textContent = say("forecast_drawn", { count: before.length, steps: forecast.length, first, last });
  return element;
}

function lines(before, { forecast, low, high }, x, y) {
  const points = (values, first) => values.map((value, place) => `${x(first + place)},${y(value)}`);
  const band = [...points(high, before.length), ...points(low, before.length).reverse()];
  const joined = points([before[before.length - 1], ...forecast], before.length - 1);
  return [
    make("polygon", { class: "band", points: band.join(" ") }),
    make("polyline", { class: "past", points: points(before, 0).join(" ") }),
    make("polyline", { class: "future", points: joined.join(" ") }),
  ];
}

// Round numbers between the ends, for lines across the drawing.
function levels(least, most) {
  const rough = (most - least || Math.abs(most) || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough);
  const first = Math.ceil(least / step);
  const found = Array.from({ length: 6 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
  return found.filter((level) => level <= most);
}

function fillTable({ forecast, low, high }, step, unit) {
  const line = (cells) => {
    const row = document.createElement("tr");
    for (const [kind, text, scope] of cells) {
      const cell = Object.assign(document.createElement(kind), { textContent: text });
      if (scope) cell.scope = scope;
      row.append(cell);
    }
    return row;
  };
  const named = [say("ahead", { step: stepName(step) }), `${say("forecast")} ${unit}`.trim(), say("low"), say("high")];
  document.getElementById("steps-head").replaceChildren(line(named.map((text) => ["th", text, "col"])));
  const rows = forecast.map((value, place) => [value, low[place], high[place]].map((each) => ["td", short(each)]));
  const numbered = rows.map((cells, place) => line([["th", place + 1, "row"], ...cells]));
  document.getElementById("steps").replaceChildren(...numbered);
}
