// A picture chosen, dropped, pasted or drawn.

import { ask, form, part } from "./answer.js";

const LARGEST = 320; // pixels of the preview's longer side
const MAGNIFIED = 8; // times at most, where the picture is small
const pad = part("pad"); // only small grey pictures can be drawn
const pen = pad?.getContext("2d");
const file = part("file");
const drop = part("drop");
let place = null; // where the pen is
let picture = null; // returns what to send: the picture that was touched last

function showFault(problem) {
  part("file-fault").textContent = problem;
  file.setAttribute("aria-invalid", String(Boolean(problem)));
  file.setAttribute("aria-describedby", problem ? "file-fault" : "file-hint");
}

async function send(event) {
  event?.preventDefault();
  if (!picture) return showFault("Choose a picture first, or draw one.");
  const content = await picture();
  const type = content.type.startsWith("image/") ? content.type : "image/unknown"; // the service says what it is not
  const faults = await ask(type, content);
  showFault(faults.map((fault) => fault.problem).join("; "));
}

async function preview(content) {
  const canvas = part("preview");
  try {
    const image = await createImageBitmap(content);
    const scale = Math.min(MAGNIFIED, LARGEST / Math.max(image.width, image.height));
    canvas.width = Math.max(1, scale * image.width);
    canvas.height = Math.max(1, scale * image.height);
    const brush = canvas.getContext("2d");
    brush.imageSmoothingEnabled = scale < 1; // a picture of few pixels shows them
    brush.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.hidden = false;
  } catch {
    canvas.hidden = true; // what the browser cannot show the service may still read
  }
}

async function choose(content) {
  if (!content) return;
  if (pad) clear();
  picture = async () => content;
  await preview(content);
  await send();
}

function clear() {
  pen.fillStyle = "black";
  pen.fillRect(0, 0, pad.width, pad.height);
  place = null;
  picture = null;
  part("answer").hidden = true;
}

function line(to) {
  pen.beginPath();
  pen.moveTo(...(place ?? to));
  pen.lineTo(...to);
  pen.stroke();
  place = to;
  part("preview").hidden = true;
  file.value = "";
  picture = () => new Promise((resolve) => pad.toBlob(resolve, "image/png"));
}

function inside(event) {
  return [(event.offsetX * pad.width) / pad.clientWidth, (event.offsetY * pad.height) / pad.clientHeight];
}

function steer(event) {
  const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
  if (x === undefined) return;
  event.preventDefault();
  const [oldX, oldY] = place ?? [pad.width / 2, pad.height / 2];
  const step = pad.width / 20;
  const to = [Math.min(pad.width, Math.max(0, oldX + x * step)), Math.min(pad.height, Math.max(0, oldY + y * step))];
  if (event.shiftKey) place = to;
  else line(to);
}

if (pad) {
  clear();
  Object.assign(pen, { strokeStyle: "white", lineWidth: pad.height / 13, lineCap: "round", lineJoin: "round" });
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    place = null;
    line(inside(event));
  });
  pad.addEventListener("pointermove", (event) => pad.hasPointerCapture(event.pointerId) && line(inside(event)));
  pad.addEventListener("pointerup", () => send());
  pad.addEventListener("keydown", steer);
  part("clear").addEventListener("click", clear);
}

for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", over);
  });
}
drop.addEventListener("drop", (event) => choose(event.dataTransfer.files[0]));
document.addEventListener("paste", (event) => choose(event.clipboardData.files[0]));
file.addEventListener("change", () => choose(file.files[0]));
part("sample").addEventListener("click", (event) => {
  const bytes = Uint8Array.from(atob(event.target.dataset.picture), (character) => character.charCodeAt(0));
  choose(new Blob([bytes], { type: "image/png" }));
});
form.addEventListener("submit", send);
