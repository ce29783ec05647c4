// The question as code that asks it, in three languages.

import { form, KEY } from "./ask.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`; // for a shell
const python = (text) => text.replace(/"(?:[^"\\]|\\.)*"|\b(?:null|true|false)\b/g, (word) => ({ null: "None", true: "True", false: "False" })[word] ?? word);

const written = {
  curl: (url, body, key) => `curl -s ${quoted(url)} -H 'Content-Type: application/json'${key && ` -H 'Authorization: Bearer ${key}'`} -d ${quoted(body)}`,
  python: (url, body, key) => `import requests\n\nbody = ${python(body)}\n${key && `headers = {"Authorization": "Bearer ${key}"}\n`}answer = requests.post(${JSON.stringify(url)}, json=body${key && ", headers=headers"})\nprint(answer.json()["predictions"])`,
  javascript: (url, body, key) => `const body = ${body};\nconst answer = await fetch(${JSON.stringify(url)}, {\n  method: "POST",\n  headers: { "Content-Type": "application/json"${key && `, Authorization: "Bearer ${key}"`} },\n  body: JSON.stringify(body),\n});\nconsole.log((await answer.json()).predictions);`,
};

export function showCode(body) {
  const key = sessionStorage.getItem(KEY) ? "YOUR-KEY" : ""; // the key itself stays out of sight
  const url = new URL(form.dataset.url, location.href).href;
  for (const place of document.querySelectorAll("#code [data-language]")) place.textContent = written[place.dataset.language](url, body, key);
}
