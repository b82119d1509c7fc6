import { list as listOutbox } from "./outbox.js";
import { reload } from "./reload.js";

/**
 * Show in a list the messages of its room that are on their way, and how they fare.
 * @param {HTMLElement} list a message-list
 * @param {AbortSignal} signal
 */
export function showOutgoing(list, signal) {
  const { messages, room, view } = list;
  const on = (name, handle) =>
    document.addEventListener(`chat:${name}`, ({ detail }) => detail.room === room && handle(detail), { signal });
  const show = (entry, state) => {
    messages.showPending(entry, state);
    if (view.following) view.toBottom();
  };
  on("queued", (entry) => {
    show(entry, "sending");
    view.toBottom();
    // The view is of an earlier part: what one writes belongs to the newest.
    if (messages.hasNewer) reload(list).catch(() => {});
  });
  on("waiting", (entry) => show(entry, "waiting"));
  on("stalled", (entry) => show(entry, "failed"));
  on("failed", (entry) => show(entry, "failed"));
  on("gone", (entry) => messages.removePending(entry.client_id));
  showWaiting(room, messages, show, signal);
}

async function showWaiting(room, messages, show, signal) {
  for (const entry of await listOutbox(room)) {
    if (signal.aborted) return;
    if (messages.hasClientId(entry.client_id)) document.dispatchEvent(new CustomEvent("chat:arrived", { detail: entry }));
    else show(entry, entry.state === "failed" ? "failed" : "sending");
  }
}
