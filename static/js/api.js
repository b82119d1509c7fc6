// What a page asks of the server: over the socket while it is up, else over HTTP.

import { ask } from "./http.js";
import { socket } from "./socket.js";

const roomUrl = (room) => `/rooms/${room}/`;
const messageUrl = (room, sequence = "") => `${roomUrl(room)}messages/${sequence === "" ? "" : `${sequence}/`}`;

/**
 * @typedef {object} Page
 * @property {string} html the articles
 * @property {number} revision the cursor after them
 * @property {number} head the room's latest revision
 * @property {boolean} more
 */

/**
 * Hear a room from now on, and get what changed in it since a revision. How far the other has read is
 * told to the document: "chat:seen".
 * @param {string} room
 * @param {{since?: number}} asked
 * @returns {Promise<Page>}
 */
export async function join(room, asked) {
  const page = await socket.request("room.join", { room, ...asked });
  document.dispatchEvent(new CustomEvent("chat:seen", { detail: { room, sequence: page.seen } }));
  return page;
}

/** @param {string} room */
export function leave(room) {
  socket.request("room.leave", { room }).catch(() => {});
}

/**
 * Get what was posted before or after a sequence, or what changed since a revision.
 * @param {string} room
 * @param {{before: number} | {after: number} | {since: number}} asked
 * @returns {Promise<Page>}
 */
export async function history(room, asked) {
  try {
    return await socket.request("history.get", { room, ...asked });
  } catch (error) {
    // Who is asked for patience does not ask elsewhere.
    if (!error.passing || error.code === "rate_limited") throw error;
  }
  const page = await ask(`${messageUrl(room)}?${new URLSearchParams(asked)}`);
  return { ...page, html: page.messages.map((message) => message.html).join("") };
}

/**
 * Post a message. Repeating it is harmless: its `client_id` tells that it is the same.
 * @param {Entry} entry
 * @returns {Promise<string>} its article
 */
export function post({ room, client_id, body }) {
  return changed("message.post", { room, client_id, body }, messageUrl(room), { client_id, body });
}

/** @param {string} room @param {number} sequence @param {string} body @returns {Promise<string>} */
export function edit(room, sequence, body) {
  return changed("message.edit", { room, sequence, body }, `${messageUrl(room, sequence)}edit/`, { body });
}

/** @param {string} room @param {number} sequence @returns {Promise<string>} */
export function remove(room, sequence) {
  return changed("message.delete", { room, sequence }, `${messageUrl(room, sequence)}delete/`, {});
}

/** Tell how far a room has been read. @param {string} room @param {number} sequence */
export async function read(room, sequence) {
  if (socket.connected) await socket.request("read", { room, sequence });
  else await ask(`${roomUrl(room)}read/`, { sequence: String(sequence) });
}

async function changed(action, payload, url, fields) {
  const answer = socket.connected ? await socket.request(action, payload) : (await ask(url, fields)).message;
  return answer.html;
}
