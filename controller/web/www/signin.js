// Signs in over the API, then goes where the reader wanted to go: only ever a page of this same controller.
const form = document.getElementById("form");
const second = document.getElementById("second");
const wrong = document.getElementById("wrong");

function next() {
  const asked = new URLSearchParams(location.search).get("next") || "/";
  const target = new URL(asked, location.origin);
  return target.origin === location.origin ? target.href : "/"; // whole: a path may begin with two slashes
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  wrong.hidden = true;
  const { name, password, code } = Object.fromEntries(new FormData(form));
  const headers = { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang };
  let answer = null;
  try {
    answer = await fetch("/api/v1/session", { method: "POST", headers, body: JSON.stringify({ name, password, code }) });
  } catch {
    wrong.textContent = wrong.dataset.unreachable;
  }
  if (answer && answer.ok) {
    location.replace(next());
    return;
  }
  if (answer) {
    const problem = await answer.json().catch(() => ({}));
    if (answer.headers.has("X-Factor")) second.hidden = false; // the password was right: a code is wanted
    wrong.textContent = problem.detail || problem.title || answer.statusText;
  }
  wrong.hidden = false;
  (second.hidden ? form.password : form.code).select();
});
