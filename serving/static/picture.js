// A picture chosen, dropped, pasted or drawn.

import { clearAnswer } from "./answer.js";
import { ask, form, part } from "./ask.js";
import * as board from "./pad.js";
import { problem, say } from "./words.js";

const LARGEST = 320; // pixels of the preview's longer side
const MAGNIFIED = 8; // times at most, where the picture is small
const MEGABYTE = 2 ** 20;
const pad = part("pad") && board;
const file = part("file");
let picture = null; // returns what to send: the picture that was touched last

function showFault(text) {
  part("file-fault").textContent = text;
  file.setAttribute("aria-invalid", String(Boolean(text)));
  file.setAttribute("aria-describedby", text ? "file-fault file-hint" : "file-hint");
  if (text) file.focus();
}

async function send(event) {
  event?.preventDefault();
  if (!picture) return showFault(say(pad ? "nothing_drawn" : "no_picture"));
  const content = await picture();
  const most = Number(form.dataset.most);
  if (content.size > most) return refuse(say("too_large", { size: inMegabytes(content.size), most: inMegabytes(most) }));
  const type = content.type.startsWith("image/") ? content.type : "image/unknown"; // the service says what it is not
  const faults = await ask(type, content);
  if (faults) showFault(faults.map((fault) => problem(fault.problem)).join("; "));
}

const inMegabytes = (size) => (size / MEGABYTE).toFixed(1);

function refuse(text) {
  clearAnswer();
  showFault(text);
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
  pad?.wipe();
  picture = async () => content;
  await preview(content);
  await send();
}

// Of what is dropped or pasted only a file can be asked about: a text or an address is not fetched.
function take(event, { files }) {
  if (files.length) choose(files[0]);
  else refuse(say("no_file"));
  event.preventDefault();
}

if (pad) {
  const changed = () => {
    part("preview").hidden = true;
    file.value = "";
    picture = pad.drawn;
  };
  pad.startPad(changed, () => send());
  part("clear").addEventListener("click", () => {
    pad.wipe();
    picture = null;
    clearAnswer();
  });
}

// Anywhere on the page: beside the frame, the browser would leave the page for the picture.
for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    part("drop").classList.toggle("over", over);
  });
}
document.addEventListener("drop", (event) => take(event, event.dataTransfer));
document.addEventListener("paste", (event) => event.target.id !== "secret" && take(event, event.clipboardData));
file.addEventListener("change", () => file.files.length && choose(file.files[0]));
part("sample").addEventListener("click", (event) => {
  file.value = "";
  const bytes = Uint8Array.from(atob(event.target.dataset.picture), (character) => character.charCodeAt(0));
  choose(new Blob([bytes], { type: "image/png" }));
});
form.addEventListener("submit", send);
