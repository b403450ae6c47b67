// The public board: the number called last fills it; calls are spoken in their order, each shown while it is spoken.
import { ask, byId, counterName, follow, label, make, serviceName, timeOfDay } from "./hall.js";
import { speak, unlock } from "./speech.js";
import { words } from "./words.js";

const YOUNG = 60; // seconds: older calls are shown, never spoken
const FRESH = 8000; // ms that a new call stays marked at the least

let texts, w, lang;
let board = null;
let spoken = null; // the highest call number that has been put in the speech queue
const queue = []; // calls waiting for their turn on the big field
let turning = false;

function big(call, fresh) {
  const now = byId("now");
  now.classList.toggle("fresh", fresh);
  now.classList.toggle("empty", !call);
  byId("caption").textContent = call ? w.now : "";
  byId("number").textContent = call ? label(texts, call.service, call.no) : w.none;
  byId("counter").replaceChildren();
  if (call) byId("counter").append(make("span", "arrow", "→ "), counterName(texts, call.counter));
  byId("service").textContent = call ? serviceName(texts, call.service) : w.take;
}

function rest(top) {
  const rows = board.calls.filter((call) => !top || call.c !== top.c).slice(0, 4);
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

function line(state, since) {
  const node = byId("line");
  node.className = `state ${state}`;
  node.textContent = since ? `${w[state]}, ${w.since} ${timeOfDay(texts, since)}` : w[state];
}

async function turn() {
  if (turning) return;
  turning = true;
  while (queue.length) {
    const call = queue.shift();
    big(call, true);
    rest(call);
    const clips = call.say || [];
    await Promise.all([speak(lang, clips), new Promise((go) => setTimeout(go, queue.length ? FRESH / 2 : FRESH))]);
  }
  turning = false;
  settle();
}

function settle() {
  if (turning || !board) return;
  const top = board.calls[0] || null;
  big(top, false);
  rest(top);
}

let heard = Date.now();
function shown(next) {
  const day = board && board.day !== next.day;
  board = next;
  heard = Date.now();
  const newest = next.calls.length ? next.calls[0].c : 0;
  if (day && newest < spoken) spoken = 0;
  const fresh = next.calls.filter((call) => call.c > (spoken === null ? newest : spoken) && call.ago < YOUNG).reverse();
  spoken = Math.max(spoken || 0, newest);
  queue.push(...fresh);
  foot();
  line(next.line);
  if (queue.length) turn();
  else settle();
}

async function start() {
  let answer;
  try {
    answer = await ask("board");
  } catch (error) {
    byId("number").textContent = error.status === 404 ? "?" : "…";
    byId("service").textContent = error.message;
    setTimeout(start, 3000);
    return;
  }
  texts = answer.texts;
  w = words(texts.lang);
  lang = new URLSearchParams(location.search).get("lang") || texts.lang;
  document.documentElement.lang = lang;
  document.title = `${texts.site.name} – ${w.board}`;
  byId("hall").textContent = texts.site.name;
  const tell = () => { byId("clock").textContent = timeOfDay(texts); };
  tell();
  setInterval(tell, 1000);
  const sound = byId("sound");
  sound.querySelector("span").textContent = w.sound;
  sound.onclick = () => unlock(lang, (muted) => { sound.hidden = !muted; });
  unlock(lang, (muted) => { sound.hidden = !muted; });
  shown(answer.board);
  follow(shown, (up) => { if (up) line(board.line); else line("down", heard); });
}

start();
