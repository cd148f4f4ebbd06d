// The last minutes of what the overview shows, for its sparklines.

import type { Overview } from "./shapes";

const SAMPLES_MAX = 300;
const STEP_MS = 1000;

export type Series = readonly (number | null)[];

const READ: Record<string, (now: Overview) => number | null> = {
  rate: (now) => now.readings_per_second,
  alarm: (now) => now.latency.alarm.p99_ms,
  durable: (now) => now.latency.durable.p99_ms,
  stored: (now) => now.latency.stored.p99_ms,
  autonomy: (now) => now.journal.autonomy_seconds,
  backlog: (now) => now.store.backlog_bytes,
  up: (now) => now.devices.up,
};

export type SeriesName = "rate" | "alarm" | "durable" | "stored" | "autonomy" | "backlog" | "up";

export class Past {
  #series = new Map<string, (number | null)[]>();
  #last = Number.NEGATIVE_INFINITY;

  /** Takes a sample, unless there was one within this second; a silence leaves a hole. */
  add(now: Overview, at = performance.now()): void {
    const passed = at - this.#last;
    if (passed < STEP_MS * 0.9) return;
    const isAfterSilence = Number.isFinite(passed) && passed > STEP_MS * 6;
    for (const [name, read] of Object.entries(READ)) {
      const series = this.#series.get(name) ?? [];
      if (isAfterSilence) series.push(null);
      series.push(read(now));
      this.#series.set(name, series.slice(-SAMPLES_MAX));
    }
    this.#last = at;
  }

  of(name: SeriesName): Series {
    return this.#series.get(name) ?? [];
  }
}
