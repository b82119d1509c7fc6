// Who types: said of oneself while text is being entered, shown of others for a few seconds.

import { socket } from "./socket.js";
import { t } from "./text.js";

const PAUSE = 3000;
const LASTS = 5000;
// What was typed before a message may be told after it: it is about that message.
const LATE = 1000;
// Longer names would push out the word that matters.
const LONGEST = 18;

/** Who types where: by room, people with their name and the timer that ends it. */
const rooms = new Map();
const said = new Map();
/** Who has just said something, and where. */
const spoke = new Set();

/** Tell the others that one types; they are told now and then, and only while they can be. @param {string} room */
export function typed(room) {
  const now = Date.now();
  if (!socket.connected || now - (said.get(room) ?? 0) < PAUSE) return;
  said.set(room, now);
  socket.request("typing", { room }).catch(() => {});
}

/** The next letter after a message is news again. @param {string} room */
export function sent(room) {
  said.delete(room);
}

/**
 * @param {string} room
 * @param {string} [called] what the person calls the other in a direct room
 * @returns {string} who types there, in words; empty when nobody does
 */
export function typingIn(room, called = "") {
  const names = [...(rooms.get(room)?.values() ?? [])].map(({ name }) => shortened(called || name));
  if (names.length > 2) return t("Several people are typing…");
  if (names.length === 2) return t("{one} and {other} are typing…", { one: names[0], other: names[1] });
  return names.length ? t("{name} is typing…", { name: names[0] }) : "";
}

function shortened(name) {
  const letters = [...name];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 2).join("").trim()}…` : name;
}

/** Listen for as long as the page lives. */
export function start() {
  socket.addEventListener("notice", ({ detail }) => noticed(detail));
  socket.addEventListener("articles", ({ detail }) => {
    for (const { dataset } of detail) if (!("edited" in dataset)) heard(dataset.room, dataset.author);
  });
}

function noticed({ notice, room, user, user_name: name }) {
  if (notice !== "typing" || typeof name !== "string" || user === document.documentElement.dataset.me) return;
  if (spoke.has(`${room} ${user}`)) return;
  const typists = rooms.get(room) ?? new Map();
  clearTimeout(typists.get(user)?.timer);
  typists.set(user, { name, timer: setTimeout(() => stopped(room, user), LASTS) });
  rooms.set(room, typists);
  changed();
}

function heard(room, user) {
  const key = `${room} ${user}`;
  spoke.add(key);
  setTimeout(() => spoke.delete(key), LATE);
  stopped(room, user);
}

function stopped(room, user) {
  const typists = rooms.get(room);
  if (!typists?.has(user)) return;
  clearTimeout(typists.get(user).timer);
  typists.delete(user);
  if (!typists.size) rooms.delete(room);
  changed();
}

const changed = () => document.dispatchEvent(new Event("chat:typing"));
