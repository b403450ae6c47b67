// A counter's desk: what the console knows, what a clerk can do, and how it is shown.
import { byId, counterName, label, make, now, serviceName } from "./hall.js";

// Words, session, texts, the answer of GET /queue, the counter's id, and the action whose outcome is awaited.
export const desk = { w: null, session: null, texts: null, queue: null, counter: "", busy: "", reached: true };

const called = (at) => at && at.state === "called";
const someone = (at) => at;
const onTicket = (op) => (at) => ({ op, ticket: at.no });
const elsewhere = (at) => desk.texts.services.filter((one) => one.id !== at.service);

// Each action: its key, when it makes sense for the ticket `at` the counter, what it asks first and what it sends.
export const ACTIONS = [
  { op: "next", key: " ", when: () => desk.counter, body: () => ({ op: "call_next", counter: desk.counter }) },
  { op: "recall", key: "u", when: called, body: onTicket("recall") },
  { op: "serve", key: "l", when: called, body: onTicket("serve") },
  { op: "finish", key: "s", when: someone, body: onTicket("finish") },
  { op: "no_show", key: "t", when: called, body: onTicket("no_show") },
  { op: "park", key: "d", when: someone, body: onTicket("park") },
  { op: "transfer", key: "p", when: (at) => at && elsewhere(at).length, ask: (at) => [services(elsewhere(at))], body: (at, form) => ({ op: "transfer", ticket: at.no, service: form.service }) },
  { op: "call", key: "n", when: () => desk.counter, ask: () => [number()], body: (at, form) => ({ op: "call", ticket: Number(form.ticket), counter: desk.counter }) },
  { op: "issue", key: "a", when: () => true, ask: () => [services(desk.texts.services), priorities()], body: (at, form) => ({ op: "issue", service: form.service, priority: form.priority, paper: 0 }) },
  { op: "new_day", key: "h", when: () => true, ask: () => [make("p", "", desk.w.new_day_sure.replace("{n}", desk.queue.tickets.length))], body: () => ({ op: "new_day" }) },
];

function field(name, control) {
  control.name = name;
  return make("label", "", desk.w[name], control);
}
const choice = (name, options) => field(name, make("select", "", "", ...options.map(([id, text]) => new Option(text, id))));
const services = (some) => choice("service", some.map((one) => [one.id, `${one.letter} – ${one.name}`]));
const priorities = () => choice("priority", ["", "elderly", "disabled", "pregnant", "infant"].map((id) => [id, desk.w[id]]));
const number = () => field("ticket", Object.assign(make("input"), { type: "number", min: 1, max: 9999, required: true }));

export const mine = () => desk.queue.tickets.find((one) => one.counter === desk.counter && (one.state === "called" || one.state === "serving"));

function say(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

export function notice(kind, text) {
  byId("notice").className = `notice ${kind}`;
  say(byId("notice"), text);
}

// `disabled` would take the focus away.
export const enable = (button, on) => button.setAttribute("aria-disabled", String(!on));

// Bring a list in line with `items`. A node stays for as long as its item is there: no update takes a press or the focus.
function keep(list, items, id, show, ...parts) {
  const old = new Map(Array.from(list.children, (node) => [node.dataset.id, node]));
  const nodes = items.map((one) => {
    const node = old.get(String(one[id])) || make("li", "", "", ...parts.map((tag) => make(tag)));
    old.delete(String(one[id]));
    node.dataset.id = one[id];
    show(one, ...node.children);
    return node;
  });
  old.forEach((node) => node.remove());
  nodes.forEach((node, at) => { if (list.children[at] !== node) list.insertBefore(node, list.children[at] || null); });
}

const age = (since) => `${Math.max(0, Math.floor((now() - since) / 60000))} ${desk.w.minutes}`;
const about = (one) => (one.priority ? `${desk.w[one.priority]} · ` : "") + serviceName(desk.texts, one.service);

// Show everything; `run(body)` is what a button in a list does.
export function draw(run) {
  const { w, queue, texts, counter, busy } = desk;
  if (!queue) return;
  const at = mine();
  say(byId("current"), at ? label(texts, at.service, at.no) : counter ? w.free : w.choose);
  byId("current").className = at ? "number" : counter ? "number idle" : "number ask";
  say(byId("currentstate"), counterName(texts, counter) + (at ? ` – ${w["state_" + at.state]}` : ""));
  say(byId("currentservice"), at ? `${about(at)} · ${age(at.since)}` : "");
  for (const action of ACTIONS) {
    enable(byId(`act-${action.op}`), !busy && !action.rests && action.when(at));
    byId(`act-${action.op}`).classList.toggle("busy", busy === action.op);
  }
  const act = (button, body) => {
    say(button, w[body.op]);
    enable(button, !busy);
    button.onclick = (event) => { if (event.detail < 2) run(body); };
  };
  const ticket = (one, no, text, last) => {
    say(no, label(texts, one.service, one.no));
    say(text, about(one) + (one.state === "waiting" ? "" : ` · ${w["state_" + one.state]}`));
    text.classList.toggle("priority", Boolean(one.priority));
    if (last.tagName === "BUTTON") act(last, { op: "resume", ticket: one.no });
    else say(last, age(one.issued));
  };
  const some = (...states) => queue.tickets.filter((one) => states.includes(one.state));
  const waiting = some("waiting", "begun");
  say(byId("count"), waiting.length);
  byId("none").hidden = waiting.length;
  keep(byId("waiting"), waiting.slice(0, 40), "no", ticket, "b", "span", "span");
  const away = some("parked", "noshow");
  byId("away").hidden = !away.length;
  keep(byId("others"), away.slice(0, 40), "no", ticket, "b", "span", "button");
  keep(byId("services"), queue.board.services, "id", (one, name, count, button) => {
    say(name, serviceName(texts, one.id));
    say(count, one.open ? one.waiting : w.closed);
    act(button, { op: one.open ? "close" : "open", service: one.id });
  }, "span", "b", "button");
  const line = desk.reached ? queue.board.line : "down";
  byId("line").className = `state ${line}`;
  say(byId("line"), desk.reached && line === "down" ? w.leader_down : w[line]);
}
