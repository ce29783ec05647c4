// The form that asks the model in this page.

const SAME = 1e-4; // how far answers may lie from the service's: of 1, or of the number
const POINTS = 40; // of the curve

const short = (value) => value.toLocaleString("en", { maximumSignificantDigits: 6 });
const percent = (share) => `${(100 * share).toFixed(1)} %`;

// The numbers of an answer as the service writes it.
function expected({ answer }, kind, { labels, output }) {
  if (kind !== "multiclass") return [[0, answer[output]]];
  return answer.top.map(({ label, probability }) => [labels.indexOf(label), probability]);
}

// Whether the form answers each example as the service does: to a share of 1 or of the largest one.
function agrees(answerTo, kind, page) {
  const wanted = page.examples.map((example) => expected(example, kind, page));
  const values = wanted.flat().map(([, value]) => Math.abs(value));
  const scale = kind === "regression" ? largest(values) || 1 : 1;
  return page.examples.every(({ row }, k) => {
    const answers = answerTo(row);
    return wanted[k].every(([place, value]) => Math.abs(answers[place] - value) <= SAME * scale);
  });
}

function sentences(answers, kind, { names, threshold, output, unit }) {
  if (kind === "regression") return [[`${output} ${short(answers[0])} ${unit ?? ""}`, ""]];
  const shares = kind === "binary" ? [1 - answers[0], answers[0]] : answers;
  const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]);
  if (kind === "binary" && (order[0] === 1) !== answers[0] >= threshold) order.reverse();
  return order.slice(0, 3).map((place) => [names[place], percent(shares[place])]);
}

const path = (points) => `M${points.map((point) => point.join(",")).join("L")}`;

// How the answer changes with one number: `answerAt` has it for a value of the field.
function drawCurve(figure, field, answerAt, isShare) {
  const [low, high] = [Number(field.dataset.low), Number(field.dataset.high)];
  const possible = field.step === "1" ? Math.round : (value) => value;
  const places = counted(POINTS + 1, (k) => k / POINTS);
  const answers = places.map((place) => answerAt(possible(low + place * (high - low))));
  const [least, most] = [smallest(answers), largest(answers)];
  const [bottom, top] = isShare ? [0, 1] : [least, most];
  const height = (answer) => 28 - (26 * (answer - bottom)) / (top - bottom || 1);
  const line = places.map((place, k) => [100 * place, height(answers[k])]);
  figure.querySelector(".line").setAttribute("d", path(line));
  const mark = (100 * (Number(field.value) - low)) / (high - low);
  for (const end of ["x1", "x2"]) figure.querySelector(".mark").setAttribute(end, mark);
  const caption = figure.querySelector("figcaption");
  const words = { name: field.dataset.name };
  const ends = { low, high, least, most };
  for (const [name, value] of Object.entries(ends)) words[name] = short(value);
  caption.textContent = caption.dataset.text.replace(/\{(\w+)\}/g, (_, name) => words[name]);
  figure.hidden = false;
}

// Makes the form work, and returns what fills it with a row and answers that.
function offlineModel(form, ask, page) {
  const kind = form.dataset.kind;
  const fields = [...form.querySelectorAll("[data-name]")];
  const output = form.querySelector("output");
  const figure = form.querySelector("figure");
  const slider = (field) => field.parentElement.querySelector("[type=range]");
  const wrong = () => fields.filter((field) => !field.checkValidity());
  const row = () => Object.fromEntries(fields.map((field) => [field.dataset.name, field.value]));

  const number = (answers) => (kind === "multiclass" ? largest(answers) : answers[0]);

  function draw(field) {
    const answerAt = (value) => number(ask({ ...row(), [field.dataset.name]: value }));
    drawCurve(figure, field, answerAt, kind !== "regression");
  }

  function answer() {
    if (wrong().length) {
      const names = wrong().map((field) => field.dataset.name).join(", ");
      output.textContent = form.dataset.missing.replace("{names}", names);
      return;
    }
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
    figure.hidden = true;
    if (slider(field) && !wrong().length) draw(field);
  });
  for (const button of form.querySelectorAll("button")) {
    button.addEventListener("click", () => fill(page.examples[button.value].row));
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  return (values) => {
    fill(values);
    return ask(row());
  };
}

async function begin(form) {
  const page = JSON.parse(form.querySelector("script[type='application/json']").textContent);
  try {
    const graph = await unpack(form.querySelector("script[type='text/plain']").textContent);
    const answerTo = offlineModel(form, compile(graph), page);
    if (agrees(answerTo, form.dataset.kind, page)) answerTo(page.examples[0].row);
    else form.replaceChildren(form.dataset.apart);
  } catch (error) {
    console.error(error);
    form.replaceChildren(form.dataset.old);
  }
  form.hidden = false;
}

document.querySelectorAll("form.offline").forEach(begin);
