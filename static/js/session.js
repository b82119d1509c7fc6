import { forget } from "./storage.js";

const PAUSE = 1000;
const PAUSE_SENDING = 5000;
const LEFT = "chatscape:left";
let submittedAt = -Infinity;
let left = "";

/** React to the end of the session: the person's own wish, or the server's word. */
export function start() {
  document.addEventListener("submit", forgetOnSignOut, { capture: true });
  document.addEventListener("submit", () => (submittedAt = performance.now()), { capture: true });
  document.addEventListener("chat:signed-out", signInAgain, { once: true });
  left = lastLeft();
  addEventListener("pagehide", ({ persisted }) => persisted && hide(true));
  addEventListener("pageshow", ({ persisted }) => persisted && comeBack());
}

/** Back brings pages from the browser's memory without asking the server: not those of who signed out since. */
function comeBack() {
  if (left === lastLeft()) hide(false);
  else location.reload();
}

/** Not by visibility: that takes the focus away. */
function hide(away) {
  document.documentElement.style.opacity = away ? "0" : "";
}

function lastLeft() {
  try {
    return localStorage.getItem(LEFT) ?? "";
  } catch {
    return left;
  }
}

/** Others may use this device next. */
function forgetOnSignOut({ target }) {
  if (target.method !== "post" || !new URL(target.action, location.href).pathname.endsWith("/logout/")) return;
  forget();
  try {
    localStorage.setItem(LEFT, String(Date.now()));
  } catch {
    // Such a browser keeps nothing.
  }
}

/**
 * Drafts and the outbox stay: the same person comes back to them. It waits a moment: the browser may have a new
 * session (another password), and a form on its way (signing out) brings its own page.
 */
function signInAgain() {
  setTimeout(goToSignIn, performance.now() - submittedAt < PAUSE_SENDING ? PAUSE_SENDING : PAUSE);
}

function goToSignIn() {
  const next = new URLSearchParams({ next: location.pathname + location.search });
  location.assign(`/accounts/login/?${next}`);
}
