// The clerk's console: one counter, the ticket at it, and the queue behind it.
import { command, open } from "./commands.js";
import { ACTIONS, desk, draw, enable, mine, notice } from "./desk.js";
import { ask, byId, follow, label, make, params, pause, site } from "./hall.js";
import { refusal, words } from "./words.js";

const LISTS = { k: "#others button", b: "#services button" }; // where these keys lead
const BOUNCE = 300; // ms in which the same action again is the same press
const BEHIND = 2000; // ms in which what is shown catches up with what a command has done

const redraw = () => draw((body) => run({ op: body.op, body: () => body }));

// While an answer is just on its way nothing changes on the screen: what a clerk sees can be acted on.
let held = false;

// Carry out `action` on the ticket `at` that was at the counter when it began; `before` is a command that is open still.
async function run(action, at, form, before) {
  if (desk.busy) return;
  desk.busy = action.op;
  redraw();
  held = true;
  notice("", desk.w.sending);
  try {
    const { outcome, reason, ticket, service, rev } = await command(action.body(at, form), desk.session.csrf, unsure, before);
    const end = Date.now() + BEHIND;
    do await refresh(); // the next key must not meet an older ticket
    while (desk.queue.board.rev < rev && Date.now() < end && !(await pause(100)));
    if (outcome === "refused") notice("bad", refusal(desk.w, reason));
    else notice("good", desk.w.done + (ticket ? `: ${label(desk.texts, service || serviceOf(ticket), ticket)}` : ""));
  } catch (problem) {
    await failed(problem);
  }
  held = false;
  desk.busy = "";
  redraw();
}

function unsure(why) {
  held = false;
  notice("warn", `${desk.w.unknown} ${why}`);
}

const serviceOf = (no) => (desk.queue.tickets.find((one) => one.no === no) || {}).service;

// Whoever has to sign in, or is no more who this browser is signed in as, is led there; else say what is wrong.
async function failed(problem) {
  if (problem.status === 401 || (problem.status === 403 && (await replaced()))) signIn();
  else notice("bad", { 0: desk.w.offline, 403: desk.w.forbidden }[problem.status] || problem.message);
}

async function replaced() {
  if (!desk.session) return false;
  return ask("/api/v1/session").then((found) => found.csrf !== desk.session.csrf, (problem) => problem.status === 401);
}

function signIn() {
  location.href = `/signin?next=${encodeURIComponent(location.pathname + location.search)}&lang=${desk.w.lang}`;
}

function start(action) {
  const at = desk.queue && mine();
  if (!desk.queue || desk.busy || action.rests || !action.when(at)) return;
  if (action.ask) return dialog(desk.w[action.op], action.ask(at), (form) => run(action, at, form));
  action.rests = true;
  setTimeout(() => { action.rests = false; redraw(); }, BOUNCE);
  run(action, at);
}

function dialog(title, fields, then) {
  const cancel = make("button", "", desk.w.cancel);
  cancel.type = "button";
  cancel.onclick = () => byId("dialog").close();
  const go = make("button", "main", title);
  go.onclick = (event) => { if (event.detail > 1) event.preventDefault(); }; // the other half of a double click
  byId("form").replaceChildren(Object.assign(make("h1", "", title), { id: "asked" }), ...fields, make("div", "row", "", cancel, go));
  byId("form").onsubmit = () => then(Object.fromEntries(new FormData(byId("form"))));
  byId("dialog").showModal();
}

// At most one question on the way; what is asked meanwhile is answered by one more.
let asking = null;
let next = null;
function refresh() {
  if (!asking) asking = look().then(() => { asking = null; });
  else if (!next) next = asking.then(() => { next = null; return refresh(); });
  return next || asking;
}

async function look() {
  try {
    desk.queue = await ask("queue");
    frame();
    if (!held) redraw();
  } catch (problem) {
    if (problem.status || !desk.busy) await failed(problem);
  }
}

// Show what changes with the hall, and not with its queue.
function frame() {
  const before = JSON.stringify(desk.texts);
  const { texts, hall_url: url } = desk.queue;
  if (JSON.stringify(texts) === before) return;
  desk.texts = texts;
  document.title = `${texts.site.name} – ${desk.w.counter}`;
  byId("hall").textContent = texts.site.name;
  byId("inhall").hidden = !url;
  if (url) byId("inhall").href = url;
  if (!texts.counters.some((one) => one.id === desk.counter)) desk.counter = "";
  byId("counters").replaceChildren(new Option("–", ""), ...texts.counters.map((one) => new Option(one.name, one.id)));
  byId("counters").value = desk.counter;
}

function speak(w) {
  desk.w = w;
  document.documentElement.lang = w.lang;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = w[node.dataset.word];
  const other = new URLSearchParams(params);
  other.set("lang", w.other);
  byId("lang").href = `?${other}`;
  byId("board").href = `/board?site=${encodeURIComponent(site)}`;
}

function wire() {
  for (const action of ACTIONS) {
    const main = action.key === " ";
    const button = make("button", main ? "main wide" : "", "", make("span"), make("kbd", "", main ? "␣" : action.key.toUpperCase()));
    button.firstChild.dataset.word = action.op;
    button.id = `act-${action.op}`;
    enable(button, false);
    button.onclick = (event) => { if (event.detail < 2) start(action); };
    byId(action.op === "new_day" ? "day" : "actions").append(button);
  }
  // A mouse leaves the focus alone: after it the space bar still calls the next, whatever was clicked.
  document.querySelector("main").addEventListener("mousedown", (event) => {
    if (!event.target.closest("button")) return;
    event.preventDefault();
    document.activeElement.blur();
  });
  const pick = byId("counters");
  let byMouse = false;
  pick.onpointerdown = () => { byMouse = true; };
  pick.onkeydown = () => { byMouse = false; };
  pick.onchange = () => {
    desk.counter = pick.value;
    localStorage.setItem(`counter:${site}`, desk.counter);
    if (byMouse) pick.blur(); // or the space bar would open it again
    redraw();
  };
  byId("lang").onclick = () => localStorage.setItem("lang", desk.w.other);
  byId("signout").onclick = () => ask("/api/v1/session", { method: "DELETE", headers: { "X-CSRF": (desk.session || {}).csrf } }).then(signIn, failed);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || byId("dialog").open || event.target.closest("input, select")) return;
    if (event.key === " " && event.target.closest("button, a")) return; // it presses that
    const key = event.key.toLowerCase();
    const action = ACTIONS.find((one) => one.key === key);
    const listed = document.querySelector(LISTS[key] || "none");
    if (action || listed) event.preventDefault();
    if (listed) listed.focus();
    else if (action && !event.repeat) start(action);
  });
  setInterval(redraw, 30000);
}

function lines(up) {
  if (!desk.busy && up !== desk.reached) notice(up ? "" : "bad", up ? "" : desk.w.offline);
  desk.reached = up;
  redraw();
}

async function begin() {
  const asked = [params.get("lang"), localStorage.getItem("lang")];
  wire();
  speak(words(...asked));
  while (!desk.queue) {
    try {
      desk.session = await ask("/api/v1/session");
      desk.queue = await ask("queue");
    } catch (problem) {
      await failed(problem);
      await pause(3000);
    }
  }
  notice("", "");
  speak(words(...asked, desk.queue.texts.lang));
  desk.counter = params.get("counter") || localStorage.getItem(`counter:${site}`) || "";
  frame();
  redraw();
  const before = open();
  if (before) run({ op: before.body.op, body: () => before.body }, null, null, before);
  follow({ board: refresh, texts: refresh }, lines);
}

begin();
