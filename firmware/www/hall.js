// What the hall's pages share: asking the API, following the board, writing a ticket's number.
export const params = new URLSearchParams(location.search);
export const site = params.get("site") || "";
const base = `/api/v1/sites/${encodeURIComponent(site)}`;

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// Ask the API; throws Problem (status 0: not reached).
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path.startsWith("/") ? path : `${base}/${path}`, { credentials: "same-origin", ...options });
  } catch (error) {
    throw new Problem(0, String(error));
  }
  const body = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, (body && (body.detail || body.title)) || answer.statusText);
  return body;
}

// Follow the board for as long as the page lives; `shown(board)` at each change, `reached(bool)` as the line comes and goes.
export function follow(shown, reached) {
  let newest = [-1, -1];
  const source = new EventSource(`${base}/board/stream`);
  source.addEventListener("board", (event) => {
    reached(true);
    const board = JSON.parse(event.data);
    const at = [board.term, board.rev];
    if (at[0] < newest[0] || (at[0] === newest[0] && at[1] < newest[1])) return;
    newest = at;
    shown(board);
  });
  source.addEventListener("open", () => reached(true));
  source.addEventListener("error", () => {
    reached(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { follow(shown, reached); }, 3000);
  });
}

// "A 12": the letter of the service, then the number without leading zeros.
export function label(texts, service, no) {
  const found = texts.services.find((one) => one.id === service);
  return found ? `${found.letter} ${no}` : String(no);
}

export function counterName(texts, id) {
  const found = texts.counters.find((one) => one.id === id);
  return found ? found.name : id;
}

export function serviceName(texts, id) {
  const found = texts.services.find((one) => one.id === id);
  return found ? found.name : id;
}

// An element with a class, a text and children. Text only ever goes in as text.
export function make(tag, className = "", text = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== "") node.textContent = text;
  node.append(...children);
  return node;
}

export const byId = (id) => document.getElementById(id);

// The hall's own time of day, "09:05", whatever zone this machine believes in.
export function timeOfDay(texts, ms = Date.now()) {
  const hall = new Date(ms + texts.site.tz * 60000);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(hall.getUTCHours())}.${two(hall.getUTCMinutes())}`;
}
