// Names of the engine in words, and marks that need no colour.

import type { AlarmState, DeviceState, Level, Priority } from "../engine/shapes";

/** A name of flags or reasons as words. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}

export const PRIORITIES: readonly Priority[] = ["urgent", "high", "medium", "low"];

/** Each priority has a shape and a number of its own: no colour is needed to tell them apart. */
export const PRIORITY_MARKS: Record<Priority, string> = {
  urgent: "▲1",
  high: "◆2",
  medium: "■3",
  low: "●4",
};

export const LEVELS: Record<Level, { mark: string; word: string }> = {
  normal: { mark: "", word: "normal" },
  high_high: { mark: "▲▲", word: "high high" },
  high: { mark: "▲", word: "high" },
  low: { mark: "▼", word: "low" },
  low_low: { mark: "▼▼", word: "low low" },
  abnormal: { mark: "◆", word: "abnormal" },
};

export const DEVICE_MARKS: Record<DeviceState, string> = { up: "○", down: "✕", unknown: "?" };

export const ALARM_STATES: Record<AlarmState, string> = {
  normal: "at rest",
  unacknowledged: "unacknowledged",
  acknowledged: "acknowledged",
  returned_unacknowledged: "returned, unacknowledged",
  latched_unacknowledged: "latched, unacknowledged",
  latched_acknowledged: "latched, acknowledged",
  shelved: "shelved",
  suppressed: "suppressed",
  out_of_service: "out of service",
};
