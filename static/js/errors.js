// The request may or may not have arrived, or may succeed later: asking again is right.
const PASSING = new Set(["offline", "timeout", "unavailable", "rate_limited", "sign_in"]);

// In English; whoever shows them translates them.
const WORDS = {
  offline: "There is no connection.",
  timeout: "The server did not answer in time.",
  unavailable: "The server cannot be reached right now.",
  sign_in: "Sign in again to go on.",
  forbidden: "This is not possible. Reload the page and try again.",
};

/** Why a request was not answered with what was asked for. */
export class RequestError extends Error {
  /**
   * @param {string} code as in the protocol, or offline, timeout, sign_in
   * @param {{message?: string, field?: string, retry_after?: number}} [details]
   */
  constructor(code, details = {}) {
    super(details.message || WORDS[code] || "Something went wrong. Try again.");
    this.code = code;
    this.field = details.field ?? "";
    this.retryAfter = details.retry_after ?? 0;
  }

  /** Whether the same request may be repeated by itself. */
  get passing() {
    return PASSING.has(this.code);
  }
}
