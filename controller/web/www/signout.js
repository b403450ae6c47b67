// Ends the session and shows the sign-in again.
document.getElementById("signout").addEventListener("click", async () => {
  const session = await fetch("/api/v1/session").then((answer) => answer.json());
  await fetch("/api/v1/session", { method: "DELETE", headers: { "X-CSRF": session.csrf } });
  location.href = "/signin";
});
