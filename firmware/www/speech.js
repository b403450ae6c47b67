// One speech queue: a call never cuts off another. Clips are names below /voice/{lang}/; the board says which.
import { pause } from "./hall.js";

const LONGEST = 8000; // ms for which a clip is waited for: one that hangs must not hold up the numbers

let muted = true;
let chain = Promise.resolve();

// Plays one clip to its end (or it is not there); false where the browser waits for a touch, or the clip hangs.
function play(lang, name) {
  const audio = new Audio(`/voice/${lang}/${name}.wav`);
  const heard = new Promise((resolve) => {
    for (const end of ["ended", "error", "pause"]) audio.addEventListener(end, () => resolve(true));
    audio.play().catch((error) => resolve(error.name !== "NotAllowedError"));
  });
  return Promise.race([heard, pause(LONGEST)]);
}

// Try to make a sound; `shown(true)` when the page still needs a touch.
export async function unlock(lang, shown) {
  muted = !(await play(lang, "chime"));
  shown(muted);
}

// Speak the clips after whatever is being spoken; `done` when they have been heard (or could not be).
export function speak(lang, clips) {
  chain = chain.then(async () => {
    for (const clip of muted ? [] : clips) {
      if (clip === "") await pause(300);
      else if (!(await play(lang, clip))) return;
    }
  });
  return chain;
}
