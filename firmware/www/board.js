// The public board: the number called last fills it; calls are spoken in their order, each shown while it is spoken.
import { ask, byId, counterName, follow, label, make, now, params, pause, serviceName, timeOfDay } from "./hall.js";
import { speak, unlock } from "./speech.js";
import { words } from "./words.js";

const YOUNG = 60; // seconds: older calls are shown, never spoken
const FRESH = 8000; // ms that a new call stays marked at the least

let texts;
let w = words(params.get("lang"));
let board = null;
let spoken = null; // the highest call number that has been put in the speech queue
const queue = []; // calls waiting for their turn on the big field
let turning = false;

function big(call, fresh) {
  const text = call ? label(texts, call.service, call.no) : w.none;
  byId("now").classList.toggle("fresh", fresh);
  byId("now").classList.toggle("empty", !call);
  byId("caption").textContent = call ? w.now : "";
  byId("number").textContent = text;
  byId("number").style.setProperty("--letters", Math.max(3, text.length)); // it is as large as it fits
  byId("counter").replaceChildren();
  if (call) byId("counter").append(make("span", "arrow", "→ "), counterName(texts, call.counter));
  byId("service").textContent = call ? serviceName(texts, call.service) : w.take;
}

function rest(top) {
  const shown = new Set(top ? [top.no] : []); // a number that was called again is there once
  const rows = board.calls.filter((call) => !shown.has(call.no) && shown.add(call.no)).slice(0, 4);
  byId("now").classList.toggle("alone", !rows.length);
  byId("last").replaceChildren(
    make("li", "title", rows.length ? w.last : ""),
    ...rows.map((call) => make("li", "", "", make("span", "number", label(texts, call.service, call.no)), make("span", "to", counterName(texts, call.counter)))),
  );
}

function foot() {
  const letter = (id) => (texts.services.find((one) => one.id === id) || {}).letter || id;
  byId("services").replaceChildren(make("li", "", w.queue), ...board.services.map((one) => {
    const row = make("li", one.open ? "" : "closed", `${letter(one.id)} `, make("b", "", one.open ? String(one.waiting) : w.closed));
    row.title = serviceName(texts, one.id);
    return row;
  }));
}

// What is shown is old where the controller is out of reach, or the hall's leader is out of its.
let reached = true;
let good = 0; // when what is shown was last known to be so
const state = () => (reached ? board.line : "down");
const trust = () => { if (board && state() !== "down") good = now(); };
function line() {
  byId("line").className = `state ${state()}`;
  byId("line").textContent = state() === "down" && good ? `${w.down}, ${w.since} ${timeOfDay(texts, good)}` : w[state()];
}

async function turn() {
  if (turning) return;
  turning = true;
  while (queue.length) {
    const call = queue.shift();
    if (now() - call.at > YOUNG * 1000) continue; // it has waited too long behind others
    big(call, true);
    rest(call);
    await Promise.all([speak(texts.lang, call.say || []), pause(queue.length ? FRESH / 2 : FRESH)]);
  }
  turning = false;
  settle();
}

function settle() {
  if (turning) return;
  const top = board.calls[0] || null;
  big(top, false);
  rest(top);
}

function show(next) {
  trust();
  const newest = next.calls.length ? next.calls[0].c : 0;
  if (spoken === null) spoken = newest;
  if (board && board.day !== next.day && newest < spoken) spoken = 0;
  board = next;
  const fresh = next.calls.filter((call) => call.c > spoken && call.ago < YOUNG).reverse();
  for (const call of fresh) call.at = now() - call.ago * 1000;
  spoken = Math.max(spoken, newest);
  queue.push(...fresh);
  draw();
  if (queue.length) turn();
}

function draw() {
  foot();
  line();
  settle();
}

function frame(found) {
  texts = found;
  w = words(params.get("lang"), texts.lang);
  document.documentElement.lang = w.lang;
  document.title = `${texts.site.name} – ${w.board}`;
  byId("hall").textContent = texts.site.name;
  byId("clock").textContent = timeOfDay(texts);
  byId("sound").querySelector("span").textContent = w.sound;
}

async function start() {
  let answer;
  for (;;) {
    try {
      answer = await ask("board");
      break;
    } catch (problem) {
      byId("service").textContent = problem.status ? problem.message : w.offline;
    }
    await pause(3000);
  }
  frame(answer.texts);
  setInterval(() => { byId("clock").textContent = timeOfDay(texts); }, 1000);
  const mute = (muted) => { byId("sound").hidden = !muted; };
  byId("sound").onclick = () => unlock(texts.lang, mute);
  unlock(texts.lang, mute);
  show(answer.board);
  follow({ board: show, texts: (found) => { frame(found); draw(); } }, (up) => { trust(); reached = up; line(); });
}

start();
