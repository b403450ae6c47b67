// Swaps a dead device for a spare: two labels, one button. A label comes from the camera, a photo, the keys, or, where
// the browser reads no codes, from the phone's own camera, whose link opens this page again: the first one is kept.
const form = document.getElementById("form");
const words = form.dataset;
const wrong = document.getElementById("wrong");
const go = document.getElementById("go");
const lang = document.documentElement.lang;
const KEPT = "balai.swap";
const KEPT_MS = 15 * 60_000; // a label that was scanned before that belongs to another swap
const chosen = { old: null, new: null };

async function ask(path, options = {}) {
  const answer = await fetch(`/api/v1${path}`, { ...options, headers: { "Accept-Language": lang, ...options.headers } });
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401) location.href = `/signin?next=${encodeURIComponent(location.pathname + location.search)}`;
  if (!answer.ok) throw new Error(body.detail || body.title || answer.statusText);
  return body;
}

/** The id in what a label, a link or a person says; "" for none. */
function idIn(text) {
  const last = text.trim().toLowerCase().split(/[/=#]/).pop().replace(/[\s:-]/g, "");
  return /^[0-9a-f]{12}$/.test(last) ? last : "";
}

function ago(ms) {
  const seconds = (ms - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  for (const [unit, size] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (-seconds >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(Math.round(seconds), "second");
}

function said(error) {
  return error instanceof TypeError ? words.unreachable : error.message;
}

async function placeOf(device) {
  if (device.status !== "in_use") return `${words.spare}: ${words[device.role]}`;
  const [site, positions] = await Promise.all([ask(`/sites/${device.site}`), ask(`/positions?site=${device.site}`)]);
  const position = positions.find((one) => one.id === device.position);
  return `${position ? position.name : device.position}, ${site.name}`;
}

function show(step, title, line, kind) {
  const found = document.querySelector(`#${step} .found`);
  found.replaceChildren();
  if (title) found.append(Object.assign(document.createElement("b"), { textContent: title }));
  if (line) found.append(Object.assign(document.createElement("span"), { textContent: line, className: kind }));
}

function weigh() {
  const { old, new: spare } = chosen;
  wrong.hidden = !(old && spare && old.device.role !== spare.device.role);
  if (!wrong.hidden) wrong.textContent = words.otherRole;
  go.disabled = !old || !spare || !wrong.hidden;
  for (const step of ["old", "new"]) document.getElementById(step).classList.toggle("set", Boolean(chosen[step]));
}

function keep() {
  const ids = Object.fromEntries(Object.entries(chosen).map(([step, one]) => [step, one && one.device.id]));
  localStorage.setItem(KEPT, JSON.stringify({ at: Date.now(), ...ids }));
}

/** Take what was scanned or typed for a step. */
async function take(step, text) {
  const input = form.elements[step];
  const id = idIn(text);
  if (id && chosen[step] && chosen[step].device.id === id) return; // leaving the field on the way to the button
  chosen[step] = null;
  show(step, "", text.trim() && !id ? words.noId : "", "bad");
  weigh();
  if (!id) return;
  input.value = id;
  try {
    const device = await ask(`/devices/${id}`);
    if (idIn(input.value) !== id) return; // another was taken meanwhile
    const fits = device.status === (step === "old" ? "in_use" : "spare");
    const place = await placeOf(device);
    if (!fits) return show(step, "", step === "old" ? words.notPlaced : words.notSpare, "bad");
    chosen[step] = { device, place };
    const gone = device.seen ? words.gone.replace("{when}", ago(device.seen)) : words.never;
    if (step === "old") show(step, place, device.online ? words.alive : gone, device.online ? "warn" : "soft");
    else show(step, place, device.online ? words.here : gone, "soft");
    keep();
  } catch (error) {
    show(step, "", said(error), "bad");
  }
  weigh();
}

// Codes.

const Detector = window.BarcodeDetector;
const dialog = document.getElementById("camera");
const video = dialog.querySelector("video");

async function read(source) {
  const found = await new Detector({ formats: ["qr_code"] }).detect(source);
  return found.map((one) => one.rawValue).find(idIn) || "";
}

async function scan(step) {
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return show(step, "", words.noCamera, "bad");
  }
  video.srcObject = stream;
  dialog.showModal();
  await video.play();
  let text = "";
  while (dialog.open && !text) {
    text = await read(video).catch(() => "");
    await new Promise((next) => requestAnimationFrame(next));
  }
  stream.getTracks().forEach((track) => track.stop());
  dialog.close();
  if (text) await take(step, text);
}

async function photo(step, file) {
  const text = file ? await read(await createImageBitmap(file)).catch(() => "") : "";
  if (text) await take(step, text);
  else if (file) show(step, "", words.noCode, "bad");
}

for (const step of ["old", "new"]) {
  const section = document.getElementById(step);
  section.querySelector(".scanning").hidden = !Detector;
  section.querySelector(".scan").addEventListener("click", () => scan(step));
  section.querySelector("[type=file]").addEventListener("change", (event) => photo(step, event.target.files[0]));
  form.elements[step].addEventListener("input", (event) => {
    const text = event.target.value;
    if (idIn(text) || !text.trim()) take(step, text);
  });
  form.elements[step].addEventListener("change", (event) => take(step, event.target.value));
}
document.getElementById("without").hidden = Boolean(Detector);
document.getElementById("close").addEventListener("click", () => dialog.close());

// The swap.

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (go.disabled) return;
  go.disabled = true;
  wrong.hidden = true;
  const { old, new: spare } = chosen;
  try {
    const session = await ask("/session");
    const headers = { "Content-Type": "application/json", "X-CSRF": session.csrf };
    const body = JSON.stringify({ old: old.device.id, new: spare.device.id });
    await ask("/devices/swaps", { method: "POST", headers, body });
    localStorage.removeItem(KEPT);
    document.getElementById("said").textContent = words.done.replace("{new}", spare.device.id).replace("{place}", old.place);
    form.hidden = true;
    document.getElementById("done").hidden = false;
  } catch (error) {
    wrong.textContent = said(error);
    wrong.hidden = false;
    go.disabled = false;
  }
});

/** What a label's link has opened goes where it fits, beside what was scanned just before. */
async function begin() {
  const before = JSON.parse(localStorage.getItem(KEPT) || "{}");
  const ids = Date.now() - (before.at || 0) < KEPT_MS ? { old: before.old, new: before.new } : {};
  const opened = idIn(new URLSearchParams(location.search).get("device") || "");
  if (opened) {
    const device = await ask(`/devices/${opened}`).catch(() => null);
    ids[device && device.status === "spare" ? "new" : "old"] = opened;
  }
  for (const step of ["old", "new"]) if (ids[step]) await take(step, ids[step]);
}

begin();
