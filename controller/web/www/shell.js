// What a staff page does by itself: the menu on a phone, dark or light, the language, signing out. It runs in the head,
// before anything is drawn, and listens at the document: the page's own elements come later and may come anew.
const DAYS_S = 31_536_000;
const dark = matchMedia("(prefers-color-scheme: dark)");

function remember(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${value}; path=/; max-age=${DAYS_S}; samesite=lax${secure}`;
}

function chosen() {
  return /(?:^|; )balai_theme=(dark|light)/.exec(document.cookie)?.[1] || (dark.matches ? "dark" : "light");
}

function light() {
  document.documentElement.dataset.theme = chosen();
}

light();
dark.addEventListener("change", light);

async function signOut() {
  const session = await fetch("/api/v1/session").then((answer) => answer.json());
  await fetch("/api/v1/session", { method: "DELETE", headers: { "X-CSRF": session.csrf || "" } });
  location.href = "/signin";
}

function menu(open) {
  document.getElementById("menu")?.setAttribute("aria-expanded", String(open));
  document.getElementById("nav")?.classList.toggle("open", open);
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest?.(selector);
  if (at("#theme")) {
    remember("balai_theme", chosen() === "dark" ? "light" : "dark");
    light();
    window.Quasar?.Dark.set(chosen() === "dark");
  } else if (at("#signout")) {
    signOut();
  } else if (at("#menu")) {
    menu(at("#menu").getAttribute("aria-expanded") !== "true");
  } else if (at("a.lang")) {
    event.preventDefault();
    remember("balai_lang", at("a.lang").lang);
    const here = new URL(location.href);
    here.searchParams.delete("lang");
    location.replace(here);
  } else if (!at("#nav")) {
    menu(false);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") menu(false);
});
