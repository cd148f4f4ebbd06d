// How many alarms stand, wherever one is on the page.

import { computed, effect, signal } from "@preact/signals";

import { ask } from "../engine/ask";
import { overview } from "../engine/live";
import { isShut } from "../engine/session";
import type { AlarmSummary } from "../engine/shapes";

const EVERY_MS = 3000;

export const summary = signal<AlarmSummary | null>(null);

let timer = 0;
let isAsking = false;

async function turn(): Promise<void> {
  clearTimeout(timer);
  if (isAsking) return;
  isAsking = true;
  try {
    const now = await ask<AlarmSummary>("api/v1/alarms/summary");
    if (now.sequence !== summary.peek()?.sequence) summary.value = now;
  } catch {
    // The loss of the stream says that nothing comes.
  }
  isAsking = false;
  clearTimeout(timer);
  if (!isShut.peek()) timer = window.setTimeout(turn, EVERY_MS);
}

/** Asks at once, after something was done. */
export function askSummary(): void {
  void turn();
}

/** What the stream says of alarms: a change of it is a reason to ask. */
export const told = computed(() => JSON.stringify(overview.value?.alarms ?? null));

effect(() => {
  if (told.value !== "null" && !isShut.value) void turn();
});
