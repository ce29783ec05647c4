// The form that asks the model in this page.

const SAME = 1e-4; // how far answers may lie from the service's: of 1, or of the number
const POINTS = 40; // of the curve

const short = (value) => String(Number(value.toPrecision(4)));
const percent = (share) => `${(100 * share).toFixed(1)} %`;

// The numbers of an answer as the service writes it.
function expected({ answer }, { labels, output }) {
  if (!answer.top) return [[0, answer[output]]];
  return answer.top.map(({ label, probability }) => [labels.indexOf(label), probability]);
}

const agrees = (ask, page) => page.examples.every((example) => {
  const answers = ask(example.row);
  return expected(example, page).every(([place, value]) =>
    Math.abs(answers[place] - value) <= SAME * Math.max(1, Math.abs(value)));
});

function sentences(answers, kind, { labels, threshold, output, unit }) {
  if (kind === "regression") return [[`${output} ${short(answers[0])} ${unit ?? ""}`, ""]];
  const shares = kind === "binary" ? [1 - answers[0], answers[0]] : answers;
  const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]);
  if (kind === "binary" && (order[0] === 1) !== answers[0] >= threshold) order.reverse();
  return order.slice(0, 3).map((place) => [labels[place], percent(shares[place])]);
}

function offlineModel(form, ask, page) {
  const kind = form.dataset.kind;
  const fields = [...form.querySelectorAll("[data-name]")];
  const output = form.querySelector("output");
  const figure = form.querySelector("figure");
  const slider = (field) => field.parentElement.querySelector("[type=range]");
  const row = () => Object.fromEntries(fields.map((field) => [field.dataset.name, field.value]));

  const number = (answers) => (kind === "multiclass" ? largest(answers) : answers[0]);
  const path = (points) => `M${points.map((point) => point.join(",")).join("L")}`;

  // How the answer changes with one number while all others stay.
  function draw(field) {
    const [low, high] = [Number(field.dataset.low), Number(field.dataset.high)];
    figure.hidden = !(high > low);
    if (figure.hidden) return;
    const places = Array.from({ length: POINTS + 1 }, (_, place) => place / POINTS);
    const at = (place) => ({ ...row(), [field.dataset.name]: low + place * (high - low) });
    const answers = places.map((place) => number(ask(at(place))));
    const [least, most] = [Math.min(...answers), Math.max(...answers)];
    const [bottom, top] = kind === "regression" ? [least, most] : [0, 1];
    const height = (answer) => 28 - (26 * (answer - bottom)) / (top - bottom || 1);
    const line = places.map((place, k) => [100 * place, height(answers[k])]);
    figure.querySelector(".line").setAttribute("d", path(line));
    const mark = (100 * (Number(field.value) - low)) / (high - low);
    for (const end of ["x1", "x2"]) figure.querySelector(".mark").setAttribute(end, mark);
    const caption = figure.querySelector("figcaption");
    const words = { name: field.dataset.name, low, high, least, most };
    caption.textContent = caption.dataset.text.replace(/\{(\w+)\}/g, (_, name) =>
      (name === "name" ? words.name : short(words[name])));
  }

  function answer() {
    const answers = ask(row());
    form.dataset.answers = JSON.stringify(answers);
    output.replaceChildren(...sentences(answers, kind, page).map(([name, share], place) =>
      Object.assign(document.createElement(place ? "span" : "b"),
        { textContent: `${name} ${share}` })));
  }

  function fill(values) {
    for (const field of fields) {
      field.value = values[field.dataset.name] ?? "";
      if (slider(field)) slider(field).value = field.value;
    }
    figure.hidden = true;
    answer();
  }

  form.addEventListener("input", ({ target }) => {
    const field = target.dataset.name ? target : target.parentElement.querySelector("[data-name]");
    if (target !== field) field.value = target.value;
    else if (slider(field)) slider(field).value = field.value;
    answer();
    if (slider(field)) draw(field);
  });
  for (const button of form.querySelectorAll("button")) {
    button.addEventListener("click", () => fill(page.examples[button.value].row));
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  fill(page.examples[0].row);
}

async function begin(form) {
  const page = JSON.parse(form.querySelector("script[type='application/json']").textContent);
  const graph = await unpack(form.querySelector("script[type='text/plain']").textContent);
  const ask = compile(graph);
  form.hidden = false;
  if (agrees(ask, page)) offlineModel(form, ask, page);
  else form.replaceChildren(form.dataset.apart);
}

document.querySelectorAll("form.offline").forEach(begin);
