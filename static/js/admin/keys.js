// Keys for those who decide a lot. A single letter is easily hit by mistake, or said to a computer that
// listens, so the keys can be turned off (WCAG 2.1.4).

const OFF = "chatscape.admin.keys";
const TYPING = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";

let on = localStorage.getItem(OFF) !== "off";

/** Listen to keys, and show which there are. */
export function start() {
  document.addEventListener("keydown", (event) => {
    const { key, target, altKey, ctrlKey, metaKey } = event;
    if (!on || altKey || ctrlKey || metaKey || event.defaultPrevented || target.closest(TYPING)) return;
    const act = key >= "1" && key <= "9" ? () => choose(Number(key)) : KEYS[key];
    if (act?.(target)) event.preventDefault();
  });
  if (!document.querySelector("#decide [type=radio], #result_list tbody th > a")) return;
  for (const part of document.querySelectorAll("[data-keys]")) part.hidden = false;
  const button = document.querySelector(".keys button");
  button?.setAttribute("aria-pressed", String(on));
  button?.addEventListener("click", () => {
    on = !on;
    localStorage.setItem(OFF, on ? "on" : "off");
    button.setAttribute("aria-pressed", String(on));
  });
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  // In a group of choices the arrows are the browser's.
  ArrowDown: (target) => !target.matches("[type=radio]") && move(1),
  ArrowUp: (target) => !target.matches("[type=radio]") && move(-1),
  "/": () => focus("#searchbar"),
  r: () => focus("#decide textarea"),
  t: () => press(".taking button"),
  u: () => press(".crumb a:first-child"),
};

/** Go to the next or the previous row of the list. @param {1 | -1} step */
function move(step) {
  const rows = [...document.querySelectorAll("#result_list tbody th > a")];
  if (!rows.length) return false;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
  rows[next].focus();
  rows[next].closest("tr").scrollIntoView({ block: "nearest" });
  return true;
}

/** Pick what to decide. @param {number} number from 1 */
function choose(number) {
  const choice = document.querySelectorAll("#decide [type=radio]")[number - 1];
  choice?.click();
  choice?.focus();
  return Boolean(choice);
}

function focus(selector) {
  const field = document.querySelector(selector);
  field?.focus();
  if (field?.type === "search") field.select();
  return Boolean(field);
}

function press(selector) {
  const it = document.querySelector(selector);
  it?.click();
  return Boolean(it);
}
