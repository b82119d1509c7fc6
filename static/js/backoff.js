const SECONDS = [3, 6, 12, 24, 48];
const JITTER = 0.2;

/** How often a lost connection is tried again before a person has to ask for it. */
export const ATTEMPTS = SECONDS.length;

/**
 * Say how long to wait before an attempt to reconnect. The jitter keeps thousands of pages from
 * coming back in the same instant after a restart.
 * @param {number} attempt counted from 0; later ones than the last wait as long as the last
 * @param {number} [random] from 0 to 1
 * @returns {number} milliseconds
 */
export function delay(attempt, random = Math.random()) {
  const seconds = SECONDS[Math.min(attempt, ATTEMPTS - 1)];
  return Math.round(seconds * 1000 * (1 - JITTER + 2 * JITTER * random));
}

/**
 * Say how long a server that restarts asks this page to wait: it spreads those who come back.
 * @param {string} reason of the close, such as "reconnect after 1-20 s"
 * @param {number} [random] from 0 to 1
 * @returns {number | undefined} milliseconds; undefined when it asks for nothing
 */
export function asked(reason, random = Math.random()) {
  const [, soonest, latest] = /^reconnect after (\d{1,3})-(\d{1,3}) s$/.exec(reason) ?? [];
  if (soonest !== undefined) return Math.round(1000 * (Number(soonest) + (latest - soonest) * random));
}

/** When a lost connection is tried again. */
export class Schedule {
  /** When the next attempt is made, in milliseconds; 0 when none is planned. */
  at = 0;
  /** Whether all attempts were in vain. */
  spent = false;
  #tries = 0;
  #timer = 0;

  /** Begin anew: connected, or somebody has a reason to believe that it will work now. */
  reset() {
    this.stop();
    this.#tries = 0;
    this.spent = false;
  }

  /** Plan nothing for now. */
  stop() {
    clearTimeout(this.#timer);
    this.at = 0;
  }

  /**
   * Note a failure and plan the next attempt.
   * @param {() => void} attempt
   * @param {boolean} [forever] go on after the last delay, as slowly as that
   */
  plan(attempt, forever = false) {
    this.stop();
    this.spent = this.#tries >= ATTEMPTS;
    if (this.spent && !forever) return;
    this.#in(delay(this.#tries), attempt);
    this.#tries += 1;
  }

  /**
   * Plan an attempt that the server asked for. It is none of those after a failure.
   * @param {() => void} attempt
   * @param {number} wait milliseconds
   */
  obey(attempt, wait) {
    this.reset();
    this.#in(wait, attempt);
  }

  #in(wait, attempt) {
    this.at = Date.now() + wait;
    this.#timer = setTimeout(attempt, wait);
  }
}
