// What moderators and administrators decide while the page is open: said at once, and nothing typed is lost.

import { socket } from "./socket.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

/** Listen for as long as the page lives. */
export function start() {
  socket.addEventListener("notice", ({ detail }) => noticed(detail.notice));
  document.addEventListener("chat:access-changed", comeAnew);
}

function noticed(notice) {
  if (notice === "standing.changed") toast(t("Moderators have written to you."), { [t("Read it")]: () => location.assign("/standing/") });
  if (notice === "report.decided") toast(t("Something that you reported was decided."), { [t("Look")]: () => location.assign("/reports/"), [t("Later")]: () => {} });
}

/** The page may offer what is refused now, or not what is allowed. Drafts of messages are kept. */
function comeAnew() {
  const fields = document.querySelectorAll("main :is(textarea, input)");
  if ([...fields].some(touched)) toast(t("What you may do here has changed."), { [t("Load the page anew")]: () => location.reload() });
  else location.reload();
}

const touched = (field) =>
  !field.closest("chat-composer") &&
  (field.checked !== field.defaultChecked || (!/checkbox|radio/.test(field.type) && field.value !== field.defaultValue));
