// The engine: questions to it, one round a second, and its clock.

const ROUND_MS = 1000;
const HIDDEN_ROUND_MS = 10_000;
const PATIENCE_MS = 4000;

/** The engine's clock, carried on between answers: ages do not depend on this computer's clock. */
export const clock = {
  offset: null,

  set(time) {
    this.offset = Date.parse(time) - performance.now();
  },

  now() {
    return this.offset === null ? Date.now() : this.offset + performance.now();
  },

  /** Seconds since an RFC 3339 time, or null without one. */
  age(time) {
    return time === null ? null : (this.now() - Date.parse(time)) / 1000;
  },
};

/** Asks for `path`; a problem is thrown with its own words. */
export async function ask(path, parameters, signal) {
  const query = new URLSearchParams(parameters).toString();
  const answer = await fetch(query ? `${path}?${query}` : path, {
    signal,
    headers: { Accept: "application/json" },
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail ?? `the engine answered ${answer.status}`);
  return body;
}

/**
 * Calls `round(signal)` once a second, never twice at a time, each within a bound of time, and then
 * `after(error)`, with null if it went well. Returns a function that starts the next round at once.
 */
export function everySecond(round, after) {
  let timer = 0;
  let running = false;
  let again = false;

  async function turn() {
    running = true;
    const began = performance.now();
    const abort = new AbortController();
    const patience = setTimeout(() => abort.abort(new Error("no answer in time")), PATIENCE_MS);
    try {
      await round(abort.signal);
      after(null);
    } catch (error) {
      after(error);
    } finally {
      clearTimeout(patience);
      // If one question failed, the others of the round must not run on into the next.
      abort.abort();
      running = false;
    }
    const pause = document.hidden ? HIDDEN_ROUND_MS : ROUND_MS;
    const left = again ? 0 : Math.max(100, pause - (performance.now() - began));
    again = false;
    timer = setTimeout(turn, left);
  }

  function now() {
    if (running) {
      again = true;
      return;
    }
    clearTimeout(timer);
    turn();
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) now();
  });
  turn();
  return now;
}
