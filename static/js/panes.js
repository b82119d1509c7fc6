// What a new page does in a browser, when htmx has swapped only #main: which pane a phone shows, where
// the focus goes, and what Back means.

import { atMidnight, localise } from "./times.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const wide = matchMedia("(min-width: 56.25em)");
let seen = null;
let lastRoom = "";

/** Take care of navigation for as long as the page lives. */
export function start() {
  seen = content();
  const main = document.getElementById("main");
  lastRoom = main?.dataset.room ?? "";
  if (main) localise(main);
  if (wide.matches && main?.dataset.room && !location.hash) focusOn(main);
  document.addEventListener("DOMContentLoaded", calmHtmx);
  document.addEventListener("htmx:finally:swap", arrive);
  document.addEventListener("htmx:error", ({ detail }) => detail.ctx?.target?.id === "main" && toast(t("This page cannot be opened right now. Check your connection.")));
  document.addEventListener("click", goBack, { capture: true });
  atMidnight(() => document.dispatchEvent(new Event("chat:midnight")));
}

/**
 * Keep htmx from carrying attributes over to new elements with the id of old ones, and setting them
 * again later: message 7 of another room is another message, and its marks are set by then.
 */
function calmHtmx() {
  if (globalThis.htmx) htmx.config.defaultSettleDelay = 0;
}

const content = () => document.getElementById("main")?.firstElementChild ?? null;

function arrive() {
  // Searching swaps the list of rooms only.
  if (content() === seen) return;
  seen = content();
  const main = document.getElementById("main");
  document.body.dataset.pane = main.dataset.pane ?? "main";
  localise(main);
  if (!main.contains(document.activeElement)) focusOn(main);
  lastRoom = main.dataset.room ?? lastRoom;
}

/** Put the focus where one goes on: the composer, the list one came from, else the page's heading. */
function focusOn(main) {
  const row = document.querySelector(`room-list li[data-room="${lastRoom}"] a`);
  if (main.dataset.pane === "list" && !wide.matches && row) return row.focus({ preventScroll: true });
  const box = main.querySelector("chat-composer textarea");
  // On a phone the composer would open the keyboard over what one came to read.
  if (box && wide.matches) return box.focus({ preventScroll: true });
  const heading = main.querySelector("h1") ?? main;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Let the Back link go back where that leads to the same page: the history stays short. */
function goBack(event) {
  const link = event.target.closest?.("a.back");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || !globalThis.navigation) return;
  const { currentEntry } = navigation;
  const before = navigation.entries()[currentEntry.index - 1];
  if (before?.url !== link.href) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  history.back();
}
