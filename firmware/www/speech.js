// One speech queue: a call never cuts off another. Clips are names below /voice/{lang}/; the board says which.
let muted = true;
let chain = Promise.resolve();

// Plays one clip to its end; false where the browser keeps silent until somebody has touched the page.
function play(lang, name) {
  return new Promise((resolve) => {
    const audio = new Audio(`/voice/${lang}/${name}.wav`);
    audio.addEventListener("ended", () => resolve(true));
    audio.addEventListener("error", () => resolve(true));
    audio.play().catch((error) => resolve(error.name !== "NotAllowedError"));
  });
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
      if (clip === "") await new Promise((go) => setTimeout(go, 300));
      else await play(lang, clip);
    }
  });
  return chain;
}
