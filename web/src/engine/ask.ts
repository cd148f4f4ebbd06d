// Questions and orders to the engine over HTTP.

import { Problem } from "./problem";
import { lapse, session } from "./session";

const PATIENCE_MS = 8000;
/** The engine answers an order when it is durable, or after 30 s that it does not know (`receipt_timeout`). */
const ORDER_PATIENCE_MS = 40_000;
/** An engine that is busy is asked so often again, and each time waited for no longer than that. */
export const TRIES = 8;
const AGAIN_MAX_SECONDS = 10;
/** After so many seconds an order is given again of which the engine does not know what became. */
export const UNKNOWN_AGAIN_SECONDS = 1;
const OUTCOME_UNKNOWN = 504;

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

/** `path` with its query; what is undefined is left out, a list is given once for each. */
export function address(path: string, query: Query = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) given.append(name, String(one));
  }
  const text = given.toString();
  return text ? `${path}?${text}` : path;
}

/** Asks; what is no success is thrown as a `Problem`. */
export async function ask<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const request = { headers: { Accept: "application/json" } };
  const answer = await send(address(path, query), request, { signal });
  return (await answer.json()) as T;
}

/** A name of an order: the same order by the same name is done once, however often it is given. */
export function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

export interface Telling {
  key?: string;
  /** Gives it no further time. */
  stop?: AbortSignal;
}

/** Orders something, again if the engine asks for that or does not know whether it was done. */
export async function tell<T>(path: string, order: unknown, telling: Telling = {}): Promise<T> {
  const { key = newKey(), stop } = telling;
  const headers: Record<string, string> = {
    Accept: "application/json",
    "Content-Type": "application/json",
    "Idempotency-Key": key,
  };
  const { csrf } = session.value;
  if (csrf) headers["X-GridOS-CSRF"] = csrf;
  const request = { method: "POST", headers, body: JSON.stringify(order) };
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await send(path, request, { patience: ORDER_PATIENCE_MS });
      return (await answer.json()) as T;
    } catch (error) {
      const seconds = tries < TRIES ? againAfter(error) : null;
      if (seconds === null || seconds > AGAIN_MAX_SECONDS) throw error;
      await pause(seconds, stop);
      if (stop?.aborted) throw error;
    }
  }
}

/** After how many seconds it may be given again; null if that makes no sense. */
function againAfter(error: unknown): number | null {
  if (!(error instanceof Problem)) return null;
  return error.status === OUTCOME_UNKNOWN ? UNKNOWN_AGAIN_SECONDS : error.again_seconds;
}

/** Waits, but no longer than until `stop`. */
export function pause(seconds: number, stop?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    function end() {
      clearTimeout(timer);
      resolve();
    }
    if (stop?.aborted) end();
    stop?.addEventListener("abort", end, { once: true });
  });
}

interface Sending {
  signal?: AbortSignal;
  /** In milliseconds. */
  patience?: number;
}

/** Any request, within a bound of time; 401 ends the session. */
export async function send(
  path: string,
  request: RequestInit,
  { signal, patience = PATIENCE_MS }: Sending = {},
): Promise<Response> {
  const late = AbortSignal.timeout(patience);
  const either = signal ? AbortSignal.any([signal, late]) : late;
  const answer = await fetch(path, { ...request, signal: either, cache: "no-store" });
  if (answer.ok) return answer;
  if (answer.status === 401) lapse();
  throw await Problem.of(answer);
}
