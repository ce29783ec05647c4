// Asks the model: one question at a time, with the API key where the service wants one.

import { clearAnswer, showAnswer } from "./answer.js";
import { problem, say } from "./words.js";

const SLOW = 300; // milliseconds until the page says that it waits: a faster answer speaks for itself
const PATIENCE = 60_000; // milliseconds until a service that is silent is taken for dead
export const KEY = "casebook-api-key";
export const part = (id) => document.getElementById(id);
export const form = part("ask");
let current = null; // the question in flight: what is asked, and how it is called off
let later = null; // asks the last question again, once there is a key

// Show the answer, or what went wrong; return the faults of single fields, which belong beside these. A question that is
// in flight is not asked twice, and another one takes its place: then nobody waits for the first, and `null` is returned.
export async function ask(type, body) {
  if (current && current.body === body) return null;
  current?.calledOff.abort();
  const mine = { body, calledOff: new AbortController() };
  current = mine;
  wait(mine);
  const found = await outcome(type, body, mine.calledOff.signal);
  if (current !== mine) return null;
  current = null;
  rest();
  return settle(found, () => form.requestSubmit());
}

// The button stays enabled: it keeps the focus, and another question may be asked.
function wait(mine) {
  for (const each of [form, part("told"), part("shown")]) each.setAttribute("aria-busy", "true");
  setTimeout(() => current === mine && (part("waiting").textContent = say("waiting")), SLOW);
}

function rest() {
  for (const each of [form, part("told"), part("shown")]) each.removeAttribute("aria-busy");
  part("waiting").textContent = "";
}

async function outcome(type, body, calledOff) {
  const key = sessionStorage.getItem(KEY);
  const headers = { "Content-Type": type, ...(key && { Authorization: `Bearer ${key}` }) };
  const signal = AbortSignal.any([calledOff, AbortSignal.timeout(PATIENCE)]);
  try {
    const response = await fetch(form.dataset.url, { method: "POST", headers, body, signal });
    return { status: response.status, key, answer: await response.json() };
  } catch {
    return { status: 0, answer: {} };
  }
}

function settle({ status, key, answer }, again) {
  const faults = answer.details ?? [];
  const well = status === 200;
  part("key").hidden = status !== 401;
  part("error").textContent = well ? "" : sentence(status, key, answer, faults);
  if (well) showAnswer(answer);
  else clearAnswer();
  if (status === 401) wantKey(again);
  part("answer").scrollIntoView({ block: "nearest" });
  return faults.filter((fault) => fault.field);
}

function sentence(status, key, answer, faults) {
  if (status === 0) return say("silent");
  if (status === 401) return say(key ? "key_refused" : "key_wanted");
  const general = faults.filter((fault) => !fault.field).map((fault) => problem(fault.problem));
  if (general.length) return general.join(" ");
  return faults.length ? say("faulty") : problem(answer.error);
}

function wantKey(again) {
  later = again;
  part("secret").focus();
}

part("key").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!part("secret").value) return;
  sessionStorage.setItem(KEY, part("secret").value);
  part("secret").value = "";
  form.querySelector("button:not([type])").focus(); // this form will go
  later();
});
