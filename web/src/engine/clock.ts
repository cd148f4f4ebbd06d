// The engine's clock, carried on between answers, so that ages do not depend on this computer's.

import { signal } from "@preact/signals";

let offset: number | null = null;

/** Milliseconds since 1970 on the engine's clock, one step a second; for whatever shows an age. */
export const second = signal(Date.now());

/** Takes the engine's time as told just now. */
export function setClock(time: string): void {
  const told = Date.parse(time);
  if (!Number.isNaN(told)) offset = told - performance.now();
}

export function engineNow(): number {
  return offset === null ? Date.now() : offset + performance.now();
}

/** Seconds since `time`, as of the last step. */
export function age(time: string | null | undefined): number | null {
  return time ? Math.max(0, (second.value - Date.parse(time)) / 1000) : null;
}

setInterval(() => {
  second.value = engineNow();
}, 1000);
