// Commands to the hall's queue. A command keeps its key until its outcome is definite, however often it must be asked,
// and over a reload of the page: whoever is left in doubt reloads.
import { ask, pause, site } from "./hall.js";

const AGAIN = 1000; // ms between two questions about the same key
const PATIENCE = 5000; // ms for one answer, which takes two at the most
const KEPT = 600000; // ms after which a page that is opened asks no more about what an earlier one was in doubt of
const STORE = `command:${site}`;

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return "w-" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The command whose outcome an earlier page did not learn, {key, body, at}, or null.
export function open() {
  const found = JSON.parse(sessionStorage.getItem(STORE));
  return found && Date.now() - found.at < KEPT ? found : null;
}

// Send one command; `unsure(why)` while nobody knows, in the end the outcome. Throws Problem where the answer is a 4xx.
export async function command(body, csrf, unsure, before = null) {
  const key = before ? before.key : newKey();
  let doubt = Boolean(before);
  sessionStorage.setItem(STORE, JSON.stringify(before || { key, body, at: Date.now() }));
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key, ...(csrf ? { "X-CSRF": csrf } : {}) };
  for (;;) {
    let why = "";
    try {
      const outcome = await ask("queue/commands", { method: "POST", headers, body: JSON.stringify(body) }, PATIENCE);
      if (outcome.outcome !== "unknown") {
        sessionStorage.removeItem(STORE);
        return outcome;
      }
    } catch (problem) {
      if (problem.status >= 400 && problem.status < 500) {
        // What was in doubt stays so for whoever signs in next; what was never taken is over.
        if (!doubt || (problem.status !== 401 && problem.status !== 403)) sessionStorage.removeItem(STORE);
        throw problem;
      }
      if (problem.status) why = problem.message;
    }
    doubt = true;
    unsure(why);
    await pause(AGAIN);
  }
}
