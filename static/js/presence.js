// Who is here: dots at avatars, and a word below the name of whom one talks with. The server tells it
// to pages that watch the inbox; what is not known is not shown.

import { element } from "./html.js";
import { showTyping } from "./room-row.js";
import { socket } from "./socket.js";
import { t } from "./text.js";
import { typingIn } from "./typing.js";

/** Whose presence one may know, with the rooms one has with them; and who of them is here. */
let people = new Map();
let online = new Set();

/** Take the answer of `inbox.watch`. @param {{people?: Record<string, string>, online?: string[]}} reply */
export function watched(reply) {
  people = new Map(Object.entries(Object(reply.people)));
  online = new Set(Array.isArray(reply.online) ? reply.online : []);
  showPresence();
}

/** Mark everything on the page that stands for somebody. */
export function showPresence() {
  const rooms = new Set([...online].map((person) => people.get(person)));
  const direct = new Set(people.values());
  for (const row of document.querySelectorAll("room-list li[data-room]")) {
    const title = row.querySelector(".row-title");
    markOnline(row, rooms.has(row.dataset.room), title);
    showTyping(row, typingIn(row.dataset.room, direct.has(row.dataset.room) ? title?.textContent : ""));
  }
  const main = document.getElementById("main");
  const link = main?.querySelector(".profile-head a[href^='/rooms/']")?.getAttribute("href");
  const head = main?.querySelector(".profile-head");
  if (head) markOnline(head, rooms.has(link?.split("/")[2]), head.querySelector("h2"));
  if (main?.dataset.room) showHeader(main, rooms.has(main.dataset.room));
}

/** Keep the page up to date for as long as it lives. */
export function start() {
  socket.addEventListener("notice", ({ detail }) => noticed(detail));
  socket.addEventListener("state", () => socket.connected || watched({}));
  document.addEventListener("htmx:finally:swap", showPresence);
  document.addEventListener("chat:typing", showPresence);
}

function noticed({ notice, user, online: isHere }) {
  if (notice !== "presence.changed" || !people.has(user)) return;
  if (isHere === true) online.add(user);
  else online.delete(user);
  showPresence();
}

/** The dot is drawn by the style sheet; the word is for those who do not see it. */
function markOnline(holder, isHere, name) {
  holder.toggleAttribute("data-online", isHere);
  const word = holder.querySelector(".online-word");
  if (!isHere) word?.remove();
  else if (!word) name?.after(element("span", { class: "online-word visually-hidden" }, ` ${t("Online")}`));
}

/** Below the name: who types, else whether the person is here. No live region: it changes all the time. */
function showHeader(main, isHere) {
  const title = main.querySelector(".room-title");
  if (!title) return;
  title.toggleAttribute("data-online", isHere);
  const called = main.dataset.kind === "direct" ? title.querySelector("h1")?.textContent : "";
  const typing = typingIn(main.dataset.room, called);
  const words = typing || (isHere ? t("Online") : "");
  let line = title.querySelector(".room-state");
  if (!words) return line?.remove();
  if (!line) title.append((line = element("span", { class: "room-state" })));
  line.toggleAttribute("data-typing", Boolean(typing));
  if (line.textContent !== words) line.textContent = words;
}
