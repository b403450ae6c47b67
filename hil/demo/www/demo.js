// The virtual hall: shows what its devices' pins and wires really carry, and passes on presses and pulled plugs.
import { matrix, segments } from "./segments.js";

const WORDS = {
  intro: "Tiga perangkat MicroPython sungguhan di atas meja. Cabut uplink, listrik, atau kertasnya.",
  take: "Silakan ambil nomor antrean", called: "Nomor dipanggil", story: "Yang terjadi",
  uplink: "Uplink", power: "Listrik", paper: "Kertas", board: "Papan umum", console: "Konsol loket",
  priority: "Prioritas: lansia, disabilitas, ibu hamil, bayi", diagnosis: "Tahan 3 detik: slip diagnosis",
};
const byId = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];

function make(tag, className = "", text = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== "") node.textContent = text;
  node.append(...children);
  return node;
}

async function tell(device, what) {
  await fetch(`/demo/devices/${device}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) });
}

function once(node, made, build) {
  const key = JSON.stringify(made);
  if (node.dataset.made === key) return;
  node.dataset.made = key;
  node.replaceChildren(...build());
}

function button(className, device, what, ...children) {
  const node = make("button", className, "", ...children);
  node.type = "button";
  node.onclick = () => tell(device, what);
  return node;
}

function front(hall) {
  byId("hall").textContent = hall.site;
  document.title = `Balai – ${hall.site}`;
  byId("countername").textContent = hall.counter;
  once(byId("links"), hall.links, () => Object.entries(hall.links).map(([word, href]) => {
    const link = make("a", "", WORDS[word]);
    Object.assign(link, { href, target: "_blank", rel: "noopener" });
    return link;
  }));
  once(byId("services"), hall.buttons, () => [
    ...hall.buttons.map((one) => button(one.kind === "priority" ? "priority" : "", "kiosk", { press: one.key },
      make("span", "letter", one.kind === "priority" ? "★" : one.letter), one.kind === "priority" ? WORDS.priority : one.name)),
    button("small", "kiosk", { hold: "T", ms: 3500 }, WORDS.diagnosis),
  ]);
  once(byId("keys"), hall.keys, () => hall.keys.map((one) =>
    button(one.word ? "verb" : "", "counter", { key: one.key }, one.key, make("small", "", one.word || " "))));
}

function paper(ticket) {
  return make("div", "ticket", "", ...ticket.map((line) => {
    const node = make("p", `${line.align === "center" ? "centre" : ""} ${line.bold ? "bold" : ""}`, line.text || " ");
    node.style.fontSize = `${0.62 * (line.size || 1)}rem`;
    return node;
  }));
}

function switches(name, device) {
  const wanted = ["uplink", "power", ...("paper" in device ? ["paper"] : [])];
  const place = document.querySelector(`[data-switches=${name}]`);
  once(place, wanted.map((what) => device[what]), () => wanted.map((what) => {
    const box = make("input");
    Object.assign(box, { type: "checkbox", checked: device[what], id: `${name}-${what}` });
    box.onchange = () => tell(name, { [what]: box.checked });
    return make("label", device[what] ? "" : "cut", "", box, WORDS[what]);
  }));
  document.querySelector(`[data-device=${name}]`).classList.toggle("off", !device.power);
}

function draw(hall) {
  front(hall);
  for (const [name, device] of Object.entries(hall.devices)) {
    switches(name, device);
    const glass = document.querySelector(`[data-digits=${name}]`);
    if (device.matrix && device.matrix.length) matrix(glass, device.matrix);
    else segments(glass, device.digits || []);
  }
  const kiosk = hall.devices.kiosk;
  document.querySelector("[data-lamp=kiosk]").classList.toggle("on", Boolean(kiosk.power && kiosk.lamp));
  once(byId("papers"), kiosk.tickets, () => kiosk.tickets.slice(0, 1).map(paper));
  byId("spoken").textContent = hall.spoken || "–";
  once(byId("story"), hall.story, () => hall.story.map((one) => make("li", "", "", make("time", "", one.time), one.text)));
}

all("[data-word]").forEach((node) => { node.textContent = WORDS[node.dataset.word]; });
new EventSource("/demo/stream").addEventListener("hall", (event) => draw(JSON.parse(event.data)));
