// One row of the list of rooms, changed as the server would write it.

import { element } from "./html.js";
import { t } from "./text.js";
import { shortTime } from "./times.js";

const MOST = 99;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Show a message as the last one of a row. @param {HTMLElement} row @param {HTMLElement} article @param {boolean} own */
export function show(row, article, own) {
  const said = article.querySelector(".message-body").textContent.trim().replace(/\s+/g, " ").slice(0, 80);
  const preview = row.querySelector(".row-preview");
  preview.textContent = own ? t("You: {said}", { said }) : said;
  preview.classList.remove("row-removed");
  const { dateTime } = article.querySelector("time");
  const time = row.querySelector(".row-time") ?? element("time", { class: "row-time" });
  if (!time.isConnected) row.querySelector(".row-title").after(" ", time);
  time.dateTime = dateTime;
  time.textContent = shortTime(new Date(dateTime));
}

/**
 * Show who types in the place of the last message. A screen reader stays with the message: the name of a link
 * that has the focus is read again when it changes.
 * @param {HTMLElement} row
 * @param {string} words empty when nobody types
 */
export function showTyping(row, words) {
  let line = row.querySelector(".row-typing");
  if (!words) return line?.remove();
  if (!line) row.querySelector(".row-preview").after((line = element("span", { class: "row-typing", "aria-hidden": "true" })));
  if (line.textContent !== words) line.textContent = words;
}

/** @param {HTMLElement} row */
export function addUnread(row) {
  const shown = Number.parseInt(row.querySelector(".unread")?.textContent ?? "0", 10);
  const count = shown >= MOST ? `${MOST}+` : String(shown + 1);
  clearUnread(row);
  const words = element("span", { class: "visually-hidden" }, ` ${t("unread")}`);
  row.querySelector("a").append(" ", element("span", { class: "unread" }, count, words));
}

/** @param {HTMLElement} row */
export function clearUnread(row) {
  row.querySelector(".unread")?.remove();
}

/** Move a row to the top, as one can see. @param {HTMLElement} row */
export function raise(row) {
  const list = row.parentElement;
  if (list.firstElementChild === row) return;
  const rows = [...list.children];
  const moving = still.matches || document.hidden ? [] : rows.slice(0, rows.indexOf(row) + 1);
  const before = moving.map((item) => item.getBoundingClientRect().top);
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  list.prepend(row);
  focused?.focus({ preventScroll: true });
  moving.forEach((item, index) => {
    const from = before[index] - item.getBoundingClientRect().top;
    item.animate([{ translate: `0 ${from}px` }, { translate: "0 0" }], { duration: 180, easing: "ease-out" });
  });
}
