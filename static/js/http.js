// Questions over HTTP, answered as JSON: while the socket is away, and where it is not let through.

import { RequestError } from "./errors.js";

const PATIENCE = 10_000;
const CODES = { 401: "sign_in", 403: "forbidden", 404: "not_found", 429: "rate_limited", 502: "unavailable", 503: "unavailable", 504: "unavailable" };

/**
 * Ask the server; with `fields` as a POST.
 * @param {string} url
 * @param {Record<string, string>} [fields]
 * @returns {Promise<object | null>} null when there is nothing to say
 */
export async function ask(url, fields) {
  const response = await fetched(url, "application/json", fields);
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  // A page where JSON was expected: the sign-in page, or a proxy's words.
  const code = answer?.error?.code ?? CODES[response.status] ?? "error";
  if (code === "sign_in") document.dispatchEvent(new Event("chat:signed-out"));
  throw new RequestError(code, answer?.error);
}

/**
 * Get a fragment of a page.
 * @param {string} url
 * @returns {Promise<string>}
 */
export async function fragment(url) {
  const response = await fetched(url, "text/html");
  if (response.headers.has("HX-Redirect")) document.dispatchEvent(new Event("chat:signed-out"));
  if (!response.ok) throw new RequestError(CODES[response.status] ?? "error");
  return response.status === 204 ? "" : response.text();
}

async function fetched(url, type, fields) {
  const headers = { Accept: type, "HX-Request": "true" };
  if (fields) headers["X-CSRFToken"] = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const body = fields && new URLSearchParams(fields);
  try {
    return await fetch(url, { method: fields ? "POST" : "GET", headers, body, signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    throw new RequestError(error.name === "TimeoutError" ? "timeout" : "offline");
  }
}
