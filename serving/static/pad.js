// A pad to draw a digit on, with the mouse, a finger, a pen or the arrow keys.

import { part } from "./ask.js";

const STEPS = 20; // of the arrow keys, from one side to the other
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const pad = part("pad"); // only small grey pictures can be drawn
const brush = pad?.getContext("2d");
let place = null; // where the pen is
let drew = () => {}; // called after each stroke

export const drawn = () => new Promise((resolve) => pad.toBlob(resolve, "image/png"));

export function wipe() {
  brush.fillStyle = "black";
  brush.fillRect(0, 0, pad.width, pad.height);
  part("pen").hidden = true;
  place = null;
}

function line(to) {
  brush.beginPath();
  brush.moveTo(...(place ?? to));
  brush.lineTo(...to);
  brush.stroke();
  place = to;
  drew();
}

function inside(event) {
  return [(event.offsetX * pad.width) / pad.clientWidth, (event.offsetY * pad.height) / pad.clientHeight];
}

function steer(event, ask) {
  if (event.key === "Enter") return ask();
  const [x, y] = MOVES[event.key] ?? [];
  if (x === undefined) return;
  event.preventDefault();
  const [oldX, oldY] = place ?? [pad.width / 2, pad.height / 2];
  const step = pad.width / STEPS;
  const to = [Math.min(pad.width, Math.max(0, oldX + x * step)), Math.min(pad.height, Math.max(0, oldY + y * step))];
  if (event.shiftKey) place = to;
  else line(to);
  showPen();
}

// The pen is shown for the keyboard alone, beside the drawing and not in it.
function showPen() {
  part("pen").hidden = false;
  part("pen").style.left = `${(100 * place[0]) / pad.width}%`;
  part("pen").style.top = `${(100 * place[1]) / pad.height}%`;
}

// Make the pad work: `changed` is called while something is drawn, `ask` when a stroke ends.
export function startPad(changed, ask) {
  drew = changed;
  wipe();
  Object.assign(brush, { strokeStyle: "white", lineWidth: pad.height / 13, lineCap: "round", lineJoin: "round" });
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    part("pen").hidden = true;
    place = null;
    line(inside(event));
  });
  pad.addEventListener("pointermove", (event) => pad.hasPointerCapture(event.pointerId) && line(inside(event)));
  pad.addEventListener("pointerup", ask);
  pad.addEventListener("keydown", (event) => steer(event, ask));
  pad.addEventListener("blur", () => (part("pen").hidden = true));
}
