// What is drawn of a history: a line with holes, what is bad, and the gaps. Times in seconds, as
// the chart takes them.

import type { Column, Gap, History, PointNow, Reading } from "../engine/shapes";
import { drawable } from "../text/number";
import { isBad } from "../text/quality";

/** So many periods without a reading are a hole. */
const HOLE_PERIODS = 2.5;

export interface Span {
  from: number;
  to: number;
}

export interface Mark {
  x: number;
  y: number;
}

export interface Hole extends Span {
  reason: string;
}

/** The line, and what must be said of it. */
export class Trace {
  readonly xs: number[] = [];
  readonly ys: (number | null)[] = [];
  /** The quality of each sample; null where the line has a hole. */
  readonly qualities: (readonly string[] | null)[] = [];
  /** Where readings are bad, or some of a column. */
  readonly bad: Span[] = [];
  /** Values of bad readings. */
  readonly marks: Mark[] = [];
  readonly gaps: Hole[] = [];
  /** Seconds between readings, or of a column; null if they come when they come. */
  readonly #step: number | null;
  readonly #period: number | null;
  /** Whether the last reading was bad: one that comes when it comes is so until the next. */
  #isBad = false;

  constructor(history: History | null, period: number | null) {
    const column = history?.column_seconds ?? null;
    this.#period = period;
    this.#step = column === null ? period : Math.max(column, period ?? 0);
    for (const gap of history?.gaps ?? []) this.gaps.push(holeOf(gap));
    for (const reading of history?.readings ?? []) this.#reading(reading);
    for (const row of history?.columns ?? []) this.#column(row, column ?? 1);
  }

  /** The newest instant; null if there is nothing. */
  get last(): number | null {
    return this.xs.at(-1) ?? null;
  }

  /** The place of the sample that is nearest to `x`; none if there is no sample. */
  nearest(x: number): number | null {
    if (this.xs.length === 0) return null;
    const behind = this.xs.findIndex((own) => own >= x);
    if (behind < 0) return this.xs.length - 1;
    const [before = x, after = x] = [this.xs[behind - 1], this.xs[behind]];
    return behind > 0 && x - before < after - x ? behind - 1 : behind;
  }

  /** Takes what came just now; whether it is new. */
  follow(now: PointNow): boolean {
    if (now.time === null || now.text !== undefined) return false;
    const x = seconds(now.time);
    if (this.last !== null && x <= this.last) return false;
    const quality = Array.isArray(now.quality) ? now.quality : [];
    this.#sample(x, now.value, quality, this.#period);
    return true;
  }

  /** Forgets what is before `from`. */
  forget(from: number): void {
    let count = 0;
    while (count < this.xs.length - 1 && (this.xs[count + 1] ?? from) < from) count += 1;
    if (count < 100) return;
    this.xs.splice(0, count);
    this.ys.splice(0, count);
    this.qualities.splice(0, count);
  }

  #reading(reading: Reading): void {
    this.#sample(seconds(reading.time), reading.value, reading.quality, this.#step);
  }

  #sample(x: number, value: Reading["value"], quality: readonly string[], step: number | null) {
    const before = this.#isBad ? this.last : null;
    this.#break(x, step);
    const y = drawable(value);
    this.#isBad = isBad([...quality]);
    this.#push(x, this.#isBad ? null : y, quality);
    if (!this.#isBad) return;
    if (y !== null) this.marks.push({ x, y });
    this.#spoil(before ?? x, x + (step ?? 1));
  }

  #column(column: Column, width: number): void {
    const x = seconds(column.time);
    this.#break(x, this.#step);
    const samples = [column.first, column.min, column.max, column.last].filter((own) => own !== null);
    samples.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
    for (const { time, value } of samples) {
      const at = seconds(time);
      if (this.last !== null && at <= this.last) continue;
      this.#push(at, drawable(value), []);
    }
    if (samples.length === 0) this.#push(x, null, null);
    if (column.good < 1) this.#spoil(x, x + width);
  }

  /** Lets the line end where readings are missing. */
  #break(x: number, step: number | null): void {
    const { last } = this;
    if (last === null) return;
    const isFar = step !== null && x - last > step * HOLE_PERIODS;
    const isGap = this.gaps.some((gap) => gap.from < x && gap.to > last);
    if (isFar || isGap) this.#push(last + (x - last) / 2, null, null);
  }

  #push(x: number, y: number | null, quality: readonly string[] | null): void {
    this.xs.push(x);
    this.ys.push(y);
    this.qualities.push(quality);
  }

  #spoil(from: number, to: number): void {
    const last = this.bad.at(-1);
    if (last && from <= last.to + 0.001) last.to = Math.max(last.to, to);
    else this.bad.push({ from, to });
  }
}

export function seconds(time: string): number {
  return Date.parse(time) / 1000;
}

function holeOf(gap: Gap): Hole {
  return { from: seconds(gap.from), to: seconds(gap.to), reason: gap.reason };
}
