// What is known against a value.

import type { PointNow } from "../engine/shapes";

import { words } from "./words";

/** The flags that forbid using a value as a measurement. */
const BAD = new Set([
  "offline",
  "restart",
  "comm_lost",
  "chatter_filter",
  "over_range",
  "reference_err",
  "stale",
  "not_finite",
  "device_error",
]);

export function flags(quality: PointNow["quality"]): readonly string[] {
  return Array.isArray(quality) ? quality : [];
}

/** Whether a value of this quality must not be used as a measurement. */
export function isBad(quality: PointNow["quality"]): boolean {
  return flags(quality).some((flag) => BAD.has(flag));
}

/** The flags in words; nothing if all is well. */
export function qualityWords(quality: PointNow["quality"]): string {
  return flags(quality).map(words).join(", ");
}
