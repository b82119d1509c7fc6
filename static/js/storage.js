// Small texts kept in this browser, per person. Where the browser refuses to keep them (private
// windows, full disk) they live as long as the page.

const memory = new Map();

/** @returns {string} the id of who is signed in */
export const me = () => document.documentElement.dataset.me ?? "";

const full = (key) => `chatscape:${me()}:${key}`;

/** @param {string} key @returns {string | null} */
export function read(key) {
  try {
    return localStorage.getItem(full(key)) ?? memory.get(full(key)) ?? null;
  } catch {
    return memory.get(full(key)) ?? null;
  }
}

/** @param {string} key @param {string} value */
export function write(key, value) {
  try {
    localStorage.setItem(full(key), value);
    memory.delete(full(key));
  } catch {
    memory.set(full(key), value);
  }
}

/** @param {string} key */
export function erase(key) {
  memory.delete(full(key));
  try {
    localStorage.removeItem(full(key));
  } catch {
    // Nothing can have been kept.
  }
}

/** Return the keys that begin with `start`. @param {string} start @returns {string[]} */
export function keys(start) {
  const names = new Set(memory.keys());
  try {
    for (let index = 0; index < localStorage.length; index += 1) names.add(localStorage.key(index));
  } catch {
    // Only what is in memory, then.
  }
  const skip = full("").length;
  return [...names].filter((name) => name.startsWith(full(start))).map((name) => name.slice(skip));
}

/** Forget everything of who is signed in: they sign out on a device that others may use. */
export function forget() {
  for (const key of keys("")) erase(key);
}
