// The one place where text from the server becomes elements.

import { parse } from "./trusted-types.js";

const COUNT = /^\d{1,16}$/;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Return the message articles of a frame or an answer. One that cannot be used is skipped:
 * it must not take the page down.
 * @param {string} text
 * @returns {HTMLElement[]}
 */
export function articles(text) {
  if (typeof text !== "string" || !text) return [];
  const found = [];
  for (const child of parse(text).body.children) {
    if (isMessage(child)) found.push(document.importNode(child, true));
    else skip(child.outerHTML);
  }
  return found;
}

/**
 * Read a frame of the server: message articles, or JSON. Whatever else it is, it does no harm.
 * @param {unknown} data
 * @returns {{articles?: HTMLElement[], heartbeat?: Record<string, number>, notice?: string, ref?: number}}
 */
export function readFrame(data) {
  if (typeof data !== "string") return {};
  if (data.startsWith("<")) return { articles: articles(data) };
  try {
    return Object(JSON.parse(data));
  } catch {
    return {};
  }
}

/** Leave out something that makes no sense, and say so to whoever looks for it. @param {unknown} what */
export function skip(what) {
  // oxlint-disable-next-line no-console
  console.warn("Skipped what makes no sense:", String(what).slice(0, 200));
}

function isMessage(child) {
  const { room, sequence, revision, author } = child.dataset;
  return (
    child.matches("article.message") &&
    UUID.test(author) &&
    UUID.test(room) &&
    COUNT.test(sequence) &&
    COUNT.test(revision) &&
    child.id === `m-${sequence}` &&
    child.querySelector(".message-body") !== null &&
    child.querySelector("time[datetime]") !== null
  );
}

/**
 * Build an element.
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Let htmx know of elements that it did not bring. @param {Element} added */
export function enliven(added) {
  globalThis.htmx?.process(added);
}
