// One's own account: the second factor and the sessions, over the API.
const main = document.querySelector("main");
const wrong = document.getElementById("wrong");
const lang = document.documentElement.lang;

async function ask(method, path, body) {
  wrong.hidden = true;
  const headers = { "Accept-Language": lang, "X-CSRF": main.dataset.csrf };
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    wrong.textContent = main.dataset.unreachable;
    wrong.hidden = false;
    return null;
  }
  if (answer.status === 401) location.replace(`/signin?next=${encodeURIComponent("/account")}`);
  const found = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (answer.ok) return found;
  wrong.textContent = found.detail || found.title || answer.statusText;
  wrong.hidden = false;
  return null;
}

function on(id, act) {
  const form = document.getElementById(id);
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true; // a second press while the first is on its way is none
    await act(Object.fromEntries(new FormData(form)), form);
    button.disabled = false;
  });
}

on("begin", async ({ password }, form) => {
  const made = await ask("POST", "/session/factor", { password });
  if (!made) return;
  const drawn = new DOMParser().parseFromString(made.qr, "image/svg+xml").documentElement;
  document.getElementById("qr").replaceChildren(document.importNode(drawn, true));
  document.getElementById("secret").textContent = made.secret.match(/.{1,4}/g).join(" ");
  form.hidden = true;
  const next = document.getElementById("confirm");
  next.hidden = false;
  next.code.focus();
});

on("confirm", async ({ code }, form) => {
  const made = await ask("PUT", "/session/factor", { code: code.replaceAll(" ", "") });
  if (!made) return;
  form.hidden = true;
  document.getElementById("codes").textContent = made.codes.join("\n");
  document.getElementById("done").hidden = false;
  show();
});

on("off", async ({ password }) => {
  if (await ask("POST", "/session/factor/removal", { password })) location.reload();
});

async function show() {
  const list = document.getElementById("sessions");
  const found = await ask("GET", "/sessions");
  if (!found) return;
  list.replaceChildren(
    ...found.map((one) => {
      const row = document.createElement("li");
      const name = document.createElement("span");
      name.className = "name";
      name.textContent = one.agent || "?";
      const when = document.createElement("small");
      when.className = "soft";
      when.textContent = ` ${new Date(one.seen).toLocaleString(lang)}`;
      name.append(when);
      row.append(name);
      if (one.here) row.append(list.dataset.here);
      else {
        const end = document.createElement("button");
        end.textContent = list.dataset.end;
        end.addEventListener("click", async () => (await ask("DELETE", `/sessions/${one.id}`)) && show());
        row.append(end);
      }
      return row;
    }),
  );
}

show();
