// The question as code that asks it, in three languages.

import { form } from "./ask.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`; // for a shell
const python = (text) => text.replace(/"(?:[^"\\]|\\.)*"|\b(?:null|true|false)\b/g, (word) => ({ null: "None", true: "True", false: "False" })[word] ?? word);

const written = {
  curl: (url, body) => `curl -s ${url} -H 'Content-Type: application/json' -d ${quoted(body)}`,
  python: (url, body) => `import requests\n\nbody = ${python(body)}\nanswer = requests.post("${url}", json=body)\nprint(answer.json()["predictions"])`,
  javascript: (url, body) => `const body = ${body};\nconst answer = await fetch("${url}", {\n  method: "POST",\n  headers: { "Content-Type": "application/json" },\n  body: JSON.stringify(body),\n});\nconsole.log((await answer.json()).predictions);`,
};

export function showCode(body) {
  const url = new URL(form.dataset.url, location.href).href;
  for (const place of document.querySelectorAll("#code [data-language]")) place.textContent = written[place.dataset.language](url, body);
}
