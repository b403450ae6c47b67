// What the hall's pages share: asking the API, following the board, the hall's clock, writing a ticket's number.
export const params = new URLSearchParams(location.search);
export const site = params.get("site") || "";
const base = `/api/v1/sites/${encodeURIComponent(site)}`;

const PATIENCE = 10000; // ms for an answer
const SILENT = 40000; // ms for a word on the stream, where one comes every 15 s: a dead line says nothing
const AGAIN = 1000; // ms before another attempt, and as much again at random: not all boards of a regency at once
const WRONG = 5000; // ms by which this machine's clock may differ

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

let ahead = 0; // ms: nobody sets the clock of a machine on a wall, so the controller's goes
export const now = () => Date.now() - ahead;

// Ask the API; throws Problem (status 0: not reached).
export async function ask(path, options = {}, patience = PATIENCE) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  const headers = { "Accept-Language": document.documentElement.lang, ...options.headers };
  let answer, body;
  try {
    answer = await fetch(path.startsWith("/") ? path : `${base}/${path}`, { credentials: "same-origin", signal: stop.signal, ...options, headers });
    body = answer.status === 204 ? null : await answer.json().catch((error) => { if (answer.ok) throw error; });
  } catch (error) {
    throw new Problem(0, String(error));
  } finally {
    clearTimeout(timer);
  }
  const off = Date.now() - Date.parse(answer.headers.get("Date"));
  ahead = Math.abs(off) > WRONG ? off : 0;
  if (!answer.ok) throw new Problem(answer.status, (body && (body.detail || body.title)) || answer.statusText);
  return body;
}

// Follow the board for as long as the page lives: `on.board(board)` at each change, `on.texts(texts)` when those may have
// changed, `reached(bool)` as the line comes and goes. An EventSource would not tell of a line that is silent.
export async function follow(on, reached) {
  for (let first = true; ; first = false) {
    const stop = new AbortController();
    let timer;
    const alive = () => { clearTimeout(timer); timer = setTimeout(() => stop.abort(), SILENT); };
    alive();
    try {
      if (!first) on.texts((await ask("board")).texts);
      const answer = await fetch(`${base}/board/stream`, { signal: stop.signal });
      if (answer.ok) await read(answer.body.getReader(), on, () => { alive(); reached(true); });
    } catch (error) {
      // Whatever it was: say so, and try again.
    }
    clearTimeout(timer);
    reached(false);
    await pause(AGAIN * (1 + Math.random()));
  }
}

async function read(reader, on, alive) {
  const decoder = new TextDecoder();
  let newest = [-1, -1];
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) || [];
      if (!on[name]) continue;
      const said = JSON.parse(data);
      const at = [said.term, said.rev];
      if (at[0] < newest[0] || (at[0] === newest[0] && at[1] < newest[1])) continue;
      if (name === "board") newest = at;
      queueMicrotask(() => on[name](said)); // a fault of the page is none of the line
    }
  }
}

const named = (list, id) => list.find((one) => one.id === id);

// "A 12": the letter of the service, then the number without leading zeros.
export function label(texts, service, no) {
  const found = named(texts.services, service);
  return found ? `${found.letter} ${no}` : String(no);
}

export const counterName = (texts, id) => (named(texts.counters, id) || { name: id }).name;
export const serviceName = (texts, id) => (named(texts.services, id) || { name: id }).name;

// An element with a class, a text and children. Text only ever goes in as text.
export function make(tag, className = "", text = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== "") node.textContent = text;
  node.append(...children);
  return node;
}

export const byId = (id) => document.getElementById(id);
export const pause = (ms) => new Promise((go) => setTimeout(go, ms));

// The hall's own time of day, "09.05", whatever zone this machine believes in.
export function timeOfDay(texts, ms = now()) {
  const hall = new Date(ms + texts.site.tz * 60000);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(hall.getUTCHours())}.${two(hall.getUTCMinutes())}`;
}
