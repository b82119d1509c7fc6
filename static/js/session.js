import { forget } from "./storage.js";

/** React to the end of the session: the person's own wish, or the server's word. */
export function start() {
  document.addEventListener("submit", forgetOnSignOut, { capture: true });
  document.addEventListener("chat:signed-out", signInAgain, { once: true });
}

/** Others may use this device next. */
function forgetOnSignOut({ target }) {
  if (target.method === "post" && new URL(target.action, location.href).pathname.endsWith("/logout/")) forget();
}

/** Drafts and the outbox stay: the same person comes back to them. */
function signInAgain() {
  const next = new URLSearchParams({ next: location.pathname + location.search });
  location.assign(`/accounts/login/?${next}`);
}
