// The clerk's console: one counter, the ticket at it, and the queue behind it.
import { ask, byId, counterName, follow, label, make, params, serviceName, site } from "./hall.js";
import { command } from "./commands.js";
import { refusal, words } from "./words.js";

let session, texts, w;
let queue = null; // the answer of GET /queue
let counter = params.get("counter") || localStorage.getItem(`counter:${site}`) || "";
let busy = "";

// Every action: its key, when it makes sense for the ticket at this counter, and what it sends.
const ACTIONS = [
  { op: "next", key: " ", shown: "␣", main: true, when: () => counter, body: () => ({ op: "call_next", counter }) },
  { op: "recall", key: "u", when: (now) => now && now.state === "called", body: (now) => ({ op: "recall", ticket: now.no }) },
  { op: "serve", key: "l", when: (now) => now && now.state === "called", body: (now) => ({ op: "serve", ticket: now.no }) },
  { op: "finish", key: "s", when: (now) => now, body: (now) => ({ op: "finish", ticket: now.no }) },
  { op: "no_show", key: "t", when: (now) => now && now.state === "called", body: (now) => ({ op: "no_show", ticket: now.no }) },
  { op: "park", key: "d", when: (now) => now, body: (now) => ({ op: "park", ticket: now.no }) },
  { op: "transfer", key: "p", when: (now) => now, ask: () => [serviceField()], body: (now, form) => ({ op: "transfer", ticket: now.no, service: form.service }) },
  { op: "call", key: "n", when: () => counter, ask: () => [numberField()], body: (now, form) => ({ op: "call", ticket: Number(form.ticket), counter }) },
  { op: "issue", key: "a", when: () => true, ask: () => [serviceField(), priorityField()], body: (now, form) => ({ op: "issue", service: form.service, priority: form.priority, paper: 0 }) },
];

function field(name, text, control) {
  control.name = name;
  control.required = true;
  return make("label", "", text, control);
}
function serviceField() {
  return field("service", w.service, make("select", "", "", ...texts.services.map((one) => new Option(`${one.letter} – ${one.name}`, one.id))));
}
function priorityField() {
  const control = make("select", "", "", ...["", "elderly", "disabled", "pregnant", "infant"].map((id) => new Option(w[id], id)));
  const row = field("priority", w.priority, control);
  control.required = false;
  return row;
}
function numberField() {
  const input = make("input");
  Object.assign(input, { type: "number", min: 1, max: 9999, inputMode: "numeric" });
  return field("ticket", w.number, input);
}

const mine = () => queue.tickets.find((one) => one.counter === counter && (one.state === "called" || one.state === "serving"));

function notice(kind, text) {
  const node = byId("notice");
  node.hidden = !text;
  node.className = `notice ${kind}`;
  node.textContent = text;
}

async function run(action, form = {}) {
  if (busy) return;
  busy = action.op;
  draw();
  notice("", w.sending);
  try {
    const outcome = await command(action.body(mine(), form), session.csrf, () => notice("warn", w.unknown));
    if (outcome.outcome === "refused") notice("bad", refusal(w, outcome.reason));
    else notice("good", outcome.ticket ? `${w.done}: ${label(texts, outcome.service || serviceOf(outcome.ticket), outcome.ticket)}` : w.done);
  } catch (problem) {
    if (problem.status === 401) return signIn();
    notice("bad", problem.status === 403 ? w.forbidden : problem.message);
  }
  busy = "";
  await refresh();
}

const serviceOf = (no) => (queue.tickets.find((one) => one.no === no) || {}).service;

function start(action) {
  if (!queue || busy || !action.when(mine())) return;
  if (action.ask) dialog(w[action.op], action.ask(), (form) => run(action, form));
  else run(action);
}

function dialog(title, fields, then) {
  const box = byId("dialog");
  const form = byId("form");
  const cancel = make("button", "", w.cancel);
  cancel.type = "button";
  cancel.onclick = () => box.close();
  form.replaceChildren(make("h1", "", title), ...fields, make("div", "row", "", cancel, make("button", "main", w.ok)));
  form.onsubmit = () => then(Object.fromEntries(new FormData(form)));
  box.showModal();
}

function draw() {
  if (!queue) return;
  const now = mine();
  const current = byId("current");
  current.textContent = now ? label(texts, now.service, now.no) : w.free;
  current.classList.toggle("idle", !now);
  byId("currentstate").textContent = counter ? `${counterName(texts, counter)}${now ? ` – ${w["state_" + now.state]}` : ""}` : w.choose;
  byId("currentservice").textContent = now ? serviceName(texts, now.service) : "";
  byId("actions").replaceChildren(...ACTIONS.map((action) => {
    const button = make("button", action.main ? "main wide" : "", w[action.op], make("kbd", "", action.shown || action.key.toUpperCase()));
    button.type = "button";
    button.id = `act-${action.op}`;
    button.disabled = Boolean(busy) || !action.when(now);
    button.classList.toggle("busy", busy === action.op);
    button.onclick = () => start(action);
    return button;
  }));
  const age = (since) => `${Math.max(0, Math.floor((Date.now() - since) / 60000))} ${w.minutes}`;
  const row = (one, verb) => {
    const about = make("span", "soft", serviceName(texts, one.service));
    if (one.priority) about.prepend(make("span", "priority", `${w[one.priority]} · `));
    const node = make("li", "", "", make("span", "number", label(texts, one.service, one.no)), about);
    if (verb) {
      const button = make("button", "", w[verb]);
      button.onclick = () => run({ op: verb, body: () => ({ op: verb, ticket: one.no }) });
      node.append(button);
      about.append(` · ${w["state_" + one.state]}`);
    } else node.append(make("span", "age", age(one.issued)));
    return node;
  };
  const waiting = queue.tickets.filter((one) => one.state === "waiting" || one.state === "begun");
  byId("count").textContent = waiting.length;
  byId("waiting").replaceChildren(...(waiting.length ? waiting.slice(0, 40).map((one) => row(one)) : [make("li", "none", w.empty)]));
  const others = queue.tickets.filter((one) => one.state === "parked" || one.state === "noshow");
  byId("othersword").textContent = others.length ? w.others : "";
  byId("others").replaceChildren(...others.slice(0, 20).map((one) => row(one, "resume")));
  byId("services").replaceChildren(make("h2", "", w.service), ...queue.board.services.map((one) => {
    const verb = one.open ? "close" : "open";
    const button = make("button", "", w[verb]);
    button.onclick = () => run({ op: verb, body: () => ({ op: verb, service: one.id }) });
    return make("div", "", "", make("span", "name", serviceName(texts, one.id)), make("b", "", one.open ? String(one.waiting) : w.closed), button);
  }));
  const line = byId("line");
  line.className = `state ${queue.board.line}`;
  line.textContent = w[queue.board.line];
}

// At most one question on the way; a change that comes meanwhile asks once more.
let asking = false;
let again = false;
async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    queue = await ask("queue");
    texts = queue.texts;
    draw();
  } catch (problem) {
    if (problem.status === 401) signIn();
    else notice("bad", problem.status === 0 ? w.offline : problem.message);
  }
  asking = false;
  if (again) { again = false; refresh(); }
}

function signIn() {
  location.href = `/signin?next=${encodeURIComponent(location.pathname + location.search)}`;
}

function frame() {
  document.documentElement.lang = params.get("lang") || texts.lang;
  document.title = `${texts.site.name} – ${w.counter}`;
  byId("hall").textContent = texts.site.name;
  byId("counterword").textContent = w.counter;
  byId("queueword").textContent = w.queue;
  byId("board").textContent = w.board;
  byId("board").href = `/board?site=${encodeURIComponent(site)}`;
  byId("inhall").hidden = !queue.hall_url;
  byId("inhall").textContent = w.in_hall;
  if (queue.hall_url) byId("inhall").href = queue.hall_url;
  byId("signout").textContent = w.signout;
  byId("signout").onclick = async () => {
    await ask("/api/v1/session", { method: "DELETE", headers: { "X-CSRF": session.csrf } }).catch(() => null);
    signIn();
  };
  const pick = byId("counters");
  pick.replaceChildren(new Option("–", ""), ...texts.counters.map((one) => new Option(one.name, one.id)));
  if (!texts.counters.some((one) => one.id === counter)) counter = "";
  pick.value = counter;
  pick.onchange = () => {
    counter = pick.value;
    localStorage.setItem(`counter:${site}`, counter);
    pick.blur();
    draw();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || byId("dialog").open || event.target.closest("input, select")) return;
    const action = ACTIONS.find((one) => one.key === event.key.toLowerCase());
    if (!action) return;
    event.preventDefault();
    start(action);
  });
  setInterval(draw, 30000);
}

async function begin() {
  w = words(params.get("lang"));
  try {
    session = await ask("/api/v1/session");
    queue = await ask("queue");
  } catch (problem) {
    if (problem.status === 401) return signIn();
    notice("bad", problem.status === 0 ? w.offline : problem.status === 403 ? w.forbidden : problem.message);
    setTimeout(begin, 3000);
    return;
  }
  notice("", "");
  texts = queue.texts;
  w = words(texts.lang);
  frame();
  draw();
  follow(() => refresh(), (up) => { if (!up) notice("bad", w.offline); else if (!busy) byId("notice").textContent === w.offline && notice("", ""); });
}

begin();
