// What the browser adds to messages, which are the same whoever looks: whose they are, groups of one
// author, days, and where the unread ones begin.

import { element } from "./html.js";
import { t } from "./text.js";
import { dayKey, dayLabel } from "./times.js";

const GROUP = 5 * 60_000;

const dateOf = (article) => new Date(article.querySelector("time")?.dateTime ?? NaN);

/**
 * Return the next article in a direction, past what stands between.
 * @param {Element | null} article
 * @param {"previousElementSibling" | "nextElementSibling"} way
 * @returns {HTMLElement | null}
 */
export function neighbour(article, way) {
  let found = article?.[way] ?? null;
  while (found && !found.matches("article")) found = found[way];
  return found;
}

/** Mark an article and those that its coming may change. @param {HTMLElement} article */
export function mark(article) {
  const before = neighbour(article, "previousElementSibling");
  markAll([before, article, neighbour(article, "nextElementSibling")].filter(Boolean));
}

/** Mark neighbouring articles, in their order. @param {HTMLElement[]} articles */
export function markAll(articles) {
  for (const article of articles) {
    separate(article);
    article.toggleAttribute("data-continues", continues(article));
  }
  for (const article of articles) {
    const next = neighbour(article, "nextElementSibling");
    article.toggleAttribute("data-last", !next?.hasAttribute("data-continues"));
  }
}

/** Take an article out, and the separator that stood there only for it. @param {HTMLElement} article */
export function takeOut(article) {
  const around = [neighbour(article, "previousElementSibling"), neighbour(article, "nextElementSibling")];
  const separator = article.previousElementSibling;
  article.remove();
  if (separator?.matches(".day") && !separator.nextElementSibling?.matches("article, .unread-divider")) separator.remove();
  markAll(around.filter(Boolean));
}

function continues(article) {
  const before = article.previousElementSibling;
  return (
    before?.matches("article") === true &&
    before.dataset.author === article.dataset.author &&
    dateOf(article) - dateOf(before) < GROUP
  );
}

function separate(article) {
  const day = dayKey(dateOf(article));
  const before = neighbour(article, "previousElementSibling");
  let separator = article.previousElementSibling;
  if (separator?.classList.contains("unread-divider")) separator = separator.previousElementSibling;
  if (!separator?.classList.contains("day")) separator = null;
  if (Number.isNaN(day) || (before && dayKey(dateOf(before)) === day)) return separator?.remove();
  const label = dayLabel(new Date(day));
  if (separator) separator.firstElementChild.textContent = label;
  else placeBefore(article, element("div", { class: "day", role: "separator" }, element("span", {}, label)));
}

function placeBefore(article, separator) {
  const divider = article.previousElementSibling;
  if (divider?.classList.contains("unread-divider")) divider.before(separator);
  else article.before(separator);
}

/**
 * Put the divider before the first message of others that has not been read; without one, take it away.
 * @param {HTMLElement} log
 * @param {number} read the sequence up to which everything was read
 */
export function divide(log, read) {
  let first = null;
  for (let article = log.lastElementChild; article; article = neighbour(article, "previousElementSibling")) {
    if (!article.matches("article[data-sequence]")) continue;
    if (Number(article.dataset.sequence) <= read) break;
    if (!article.hasAttribute("data-own") && !article.hasAttribute("data-deleted")) first = article;
  }
  const divider = log.querySelector(".unread-divider") ?? made();
  if (first?.previousElementSibling === divider) return;
  const next = neighbour(divider, "nextElementSibling");
  divider.remove();
  first?.before(divider);
  for (const article of [next, first]) if (article) mark(article);
}

const made = () =>
  element("div", { class: "unread-divider", role: "separator" }, element("span", {}, t("New messages")));
