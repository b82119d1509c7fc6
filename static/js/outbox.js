// Messages on their way to the server. They survive a reload; each leaves when it has come back
// from the server by whatever route. The functions are asynchronous so that a database can take the
// place of this storage; the writing itself is done before they return.
//
// Each message has a key of its own: two tabs never overwrite each other's.

import { erase, keys, read, write } from "./storage.js";

/**
 * @typedef {object} Entry
 * @property {string} room
 * @property {string} client_id
 * @property {string} body
 * @property {number} at when it was sent, in milliseconds
 * @property {"pending" | "failed"} state a failed one waits for the person
 * @property {string} [error] why it failed
 */

const PREFIX = "outbox:";
const keyOf = (room, clientId) => `${PREFIX}${room}:${clientId}`;

/** @param {Entry} entry */
export async function add(entry) {
  write(keyOf(entry.room, entry.client_id), JSON.stringify(entry));
}

/** @param {string} room @param {string} clientId */
export async function remove(room, clientId) {
  erase(keyOf(room, clientId));
}

/**
 * Set the state of an entry that is still there.
 * @param {Entry} entry
 * @param {"pending" | "failed"} state
 * @param {string} [error]
 */
export async function mark(entry, state, error = "") {
  const key = keyOf(entry.room, entry.client_id);
  if (read(key) !== null) write(key, JSON.stringify({ ...entry, state, error }));
}

/**
 * Return the entries of a room, or of all rooms, in the order they were sent.
 * @param {string} [room]
 * @returns {Promise<Entry[]>}
 */
export async function list(room = "") {
  const found = keys(room ? `${PREFIX}${room}:` : PREFIX).map(entryAt);
  return found.filter((entry) => entry !== null).toSorted((one, other) => one.at - other.at);
}

function entryAt(key) {
  try {
    const entry = JSON.parse(read(key));
    return typeof entry?.body === "string" && key === keyOf(entry.room, entry.client_id) ? entry : null;
  } catch {
    return null;
  }
}
