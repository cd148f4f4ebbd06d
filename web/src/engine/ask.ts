// Questions and orders to the engine over HTTP.

import { Problem } from "./problem";
import { lapse, session } from "./session";

const PATIENCE_MS = 8000;
/** An engine that is busy is asked so often again, and each time waited for no longer than that. */
const TRIES = 8;
const AGAIN_MAX_SECONDS = 10;

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
  const answer = await send(address(path, query), { headers: { Accept: "application/json" } }, signal);
  return (await answer.json()) as T;
}

/** Orders something, again if the engine asks for that; the key keeps it from being done twice. */
export async function tell<T>(path: string, order: unknown, method = "POST"): Promise<T> {
  const headers: Record<string, string> = {
    Accept: "application/json",
    "Content-Type": "application/json",
    "Idempotency-Key": crypto.getRandomValues(new Uint32Array(4)).join("-"),
  };
  const { csrf } = session.value;
  if (csrf) headers["X-GridOS-CSRF"] = csrf;
  const request = { method, headers, body: JSON.stringify(order) };
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await send(path, request);
      return (await answer.json()) as T;
    } catch (error) {
      const pause = error instanceof Problem && tries < TRIES ? error.again_seconds : null;
      if (pause === null || pause > AGAIN_MAX_SECONDS) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    }
  }
}

/** Any request, within a bound of time; 401 ends the session. */
export async function send(
  path: string,
  request: RequestInit,
  signal?: AbortSignal,
): Promise<Response> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const either = signal ? AbortSignal.any([signal, patience]) : patience;
  const answer = await fetch(path, { ...request, signal: either, cache: "no-store" });
  if (answer.ok) return answer;
  if (answer.status === 401) lapse();
  throw await Problem.of(answer);
}
