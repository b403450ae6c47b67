// Commands to the hall's queue. A command keeps its key until its outcome is definite, however often it must be asked.
import { ask } from "./hall.js";

const AGAIN = 1000; // ms between two questions about the same key

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return "w-" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Send one command; `unsure(true)` while nobody knows, in the end the outcome. Throws Problem where the answer is a 4xx.
export async function command(body, csrf, unsure) {
  const key = newKey();
  for (;;) {
    let outcome = null;
    try {
      outcome = await ask("queue/commands", {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": key, ...(csrf ? { "X-CSRF": csrf } : {}) },
        body: JSON.stringify(body),
      });
    } catch (problem) {
      if (problem.status >= 400 && problem.status < 500) throw problem;
    }
    if (outcome && outcome.outcome !== "unknown") return outcome;
    unsure(true);
    await new Promise((go) => setTimeout(go, AGAIN));
  }
}
