// A message as it looks before the server has it.

import { element } from "./html.js";
import { t } from "./text.js";

/**
 * Build the article of a message on its way, like those of the server.
 * @param {Entry} entry
 * @param {string} me
 * @returns {HTMLElement}
 */
export function pendingArticle(entry, me) {
  const profile = document.querySelector(".me");
  const avatar = profile?.querySelector(".avatar")?.cloneNode(true) ?? element("span", { class: "avatar" });
  const name = profile?.querySelector(".me-name")?.textContent ?? "";
  const time = element("time", { class: "message-time", datetime: new Date(entry.at).toISOString() });
  return element(
    "article",
    { class: "message", id: `c-${entry.client_id}`, "data-room": entry.room, "data-author": me, "data-client-id": entry.client_id, "data-own": "" },
    avatar,
    element(
      "div",
      { class: "message-content" },
      element("p", { class: "message-meta" }, element("span", { class: "message-author" }, name), " ", time),
      element("div", { class: "message-body" }, entry.body),
    ),
  );
}

/**
 * Show whether a message is being sent, now or when the server has time for it, or could not be.
 * @param {HTMLElement} article
 * @param {Entry} entry
 * @param {"sending" | "waiting" | "failed"} state
 */
export function showState(article, entry, state) {
  article.dataset.state = state === "failed" ? state : "sending";
  article.querySelector(".message-failed, .message-note")?.remove();
  const content = article.querySelector(".message-content");
  if (state === "failed") content.append(failure(article, entry));
  if (state === "waiting") content.append(element("p", { class: "message-note" }, t("You write fast. It is sent in a moment.")));
}

const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`chat:${name}`, { detail }));

function failure(article, entry) {
  const retry = element("button", { type: "button" }, t("Retry"));
  retry.addEventListener("click", () => {
    showState(article, entry, "sending");
    tell("retry", entry);
    document.getElementById("body")?.focus();
  });
  const remove = element("button", { type: "button" }, t("Delete"));
  remove.addEventListener("click", () => {
    tell("discard", entry);
    document.getElementById("body")?.focus();
  });
  const words = element("span", {}, t(entry.error || "Not sent yet."));
  return element("div", { class: "message-failed", role: "group", "aria-label": t("Not sent") }, words, retry, remove);
}
