// A forecast drawn behind the series it goes on from, with its band, and its numbers in a table.

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [400, 150, 34, 14]; // of the drawing, in its own units, and what its axes take
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

function table(prediction, step, unit, short) {
  const rows = prediction.forecast.map((value, place) => [place + 1, value, prediction.low[place], prediction.high[place]]);
  const line = (kind, cells) => {
    const row = document.createElement("tr");
    for (const cell of cells) row.append(Object.assign(document.createElement(kind), { textContent: cell }));
    return row;
  };
  const named = line("th", [`${step || "step"} ahead`, `forecast ${unit}`.trim(), "low", "high"]);
  return [named, ...rows.map(([place, ...values]) => line("td", [place, ...values.map(short)]))];
}

// Draw into `drawing`; `before` is the series that was asked about.
export function drawForecast(drawing, steps, before, prediction, { step, unit, short }) {
  const { forecast, low, high } = prediction;
  const all = [...before, ...forecast, ...low, ...high].filter(Number.isFinite);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const count = before.length + forecast.length;
  const x = (place) => LEFT + ((WIDTH - LEFT - 4) * place) / Math.max(1, count - 1);
  const y = (value) => 6 + (HEIGHT - BOTTOM - 6) * (1 - (value - least) / (most - least || 1));
  const points = (values, first) => values.map((value, place) => `${x(first + place)},${y(value)}`).join(" ");
  const band = `${points(high, before.length)} ${points(low, before.length).split(" ").reverse().join(" ")}`;
  const joined = [before[before.length - 1], ...forecast];
  const words = `${before.length} numbers and a forecast of ${forecast.length}, from ${short(forecast[0])} to ${short(forecast[forecast.length - 1])}`;
  const title = make("title", { id: "drawn" });
  title.textContent = words;
  drawing.replaceChildren(
    title,
    make("line", { class: "axis", x1: LEFT, x2: WIDTH, y1: y(least), y2: y(least) }),
    make("polygon", { class: "band", points: band }),
    make("polyline", { class: "past", points: points(before, 0) }),
    make("polyline", { class: "future", points: points(joined, before.length - 1) }),
    make("line", { class: "mark", x1: x(before.length - 0.5), x2: x(before.length - 0.5), y1: 4, y2: HEIGHT - BOTTOM }),
    label(LEFT - 3, y(most) + 4, short(most), "end"),
    label(LEFT - 3, y(least), short(least), "end"),
    label(x(before.length - 0.5) - 3, HEIGHT - 3, "asked", "end"),
    label(x(before.length - 0.5) + 3, HEIGHT - 3, "forecast", "start"),
  );
  steps.replaceChildren(...table(prediction, step, unit, short));
}
