// Where sockets are not let through, the page asks every few seconds instead.

import { socket } from "./socket.js";

const EVERY = 4_000;
const LONGEST = 32_000;
const MISSES = 2;

const tasks = new Set();
let polling = false;

/**
 * Ask something as often as the page polls.
 * @param {(round: number) => Promise<void> | undefined} task undefined: nothing was asked this time
 * @param {AbortSignal} signal ends it
 */
export function whilePolling(task, signal) {
  tasks.add(task);
  signal.addEventListener("abort", () => tasks.delete(task));
}

/** Poll from the second missed attempt to connect until the socket is up. */
export function start() {
  socket.addEventListener("state", poll);
  addEventListener("online", poll);
}

const needed = () => !socket.connected && socket.misses >= MISSES && navigator.onLine;

async function poll() {
  if (polling || !needed()) return;
  polling = true;
  let wait = EVERY;
  for (let round = 0; needed(); round += 1) {
    const asked = [...tasks].map((task) => task(round)).filter((promise) => promise !== undefined);
    const answers = await Promise.allSettled(asked);
    // A refusal is an answer, too.
    const lost = answers.some(({ reason }) => reason?.passing && reason.code !== "rate_limited");
    if (answers.length && needed()) socket.polled(!lost);
    wait = lost ? Math.min(wait * 2, LONGEST) : EVERY;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  polling = false;
}
