// Times as the viewer reads them: their zone, their language.

import { t } from "./text.js";

const DAY = 86_400_000;
const page = document.documentElement.lang;
// The page says the language; the browser may know the region, and with it the clock.
const locale = navigator.languages?.find((tag) => tag.split("-")[0] === page.split("-")[0]) ?? (page || undefined);
const formats = {
  clock: { hour: "numeric", minute: "2-digit" },
  weekday: { weekday: "long" },
  shortWeekday: { weekday: "short" },
  day: { day: "numeric", month: "short" },
  dayOfYear: { weekday: "long", day: "numeric", month: "long" },
  date: { day: "numeric", month: "long", year: "numeric" },
  shortDate: { day: "numeric", month: "short", year: "numeric" },
  full: { dateStyle: "full", timeStyle: "short" },
  medium: { dateStyle: "medium", timeStyle: "short" },
};
const made = new Map();

function format(name, date) {
  if (Number.isNaN(date.getTime())) return "";
  if (!made.has(name)) made.set(name, new Intl.DateTimeFormat(locale, formats[name]));
  return made.get(name).format(date);
}

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** Count the midnights between a date and now, where the viewer is. @param {Date} date */
const daysAgo = (date) => Math.round((midnight(new Date()) - midnight(date)) / DAY);

/** Name the day of a message, as the separators between days do. @param {Date} date @returns {string} */
export function dayLabel(date) {
  const ago = daysAgo(date);
  if (ago === 0) return t("Today");
  if (ago === 1) return t("Yesterday");
  if (ago > 1 && ago < 7) return format("weekday", date);
  return format(date.getFullYear() === new Date().getFullYear() ? "dayOfYear" : "date", date);
}

/** Say when something was, in the width of a list. @param {Date} date @returns {string} */
export function shortTime(date) {
  const ago = daysAgo(date);
  if (ago <= 0) return format("clock", date);
  if (ago === 1) return t("Yesterday");
  if (ago < 7) return format("shortWeekday", date);
  return format(date.getFullYear() === new Date().getFullYear() ? "day" : "shortDate", date);
}

/** Return the key of the day a date falls on where the viewer is. @param {Date} date */
export const dayKey = (date) => midnight(date);

/** Write the times in a part of the page as the viewer reads them. @param {ParentNode} root */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const date = new Date(time.dateTime);
    const inMessage = time.classList.contains("message-time");
    const text = time.classList.contains("row-time") ? shortTime(date) : format(inMessage ? "clock" : "medium", date);
    if (!text) continue;
    if (time.textContent !== text) time.textContent = text;
    time.title = format("full", date);
  }
}

/** Call back shortly after each midnight: yesterday's "Today" is wrong then. @param {() => void} callback */
export function atMidnight(callback) {
  const now = new Date();
  const next = midnight(new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1));
  setTimeout(() => {
    callback();
    atMidnight(callback);
  }, next - now.getTime() + 1000);
}
