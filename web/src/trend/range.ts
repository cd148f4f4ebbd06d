// Which part of time a trend shows. All times in milliseconds since 1970.

export interface Range {
  from: number;
  to: number;
  /** Whether its end is now, and moves on. */
  isLive: boolean;
}

export const SPAN_MIN_MS = 2000;
export const SPAN_MAX_MS = 366 * 86_400_000;

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const SPANS: [string, string][] = [
  ["5m", "5 min"],
  ["15m", "15 min"],
  ["1h", "1 h"],
  ["6h", "6 h"],
  ["1d", "1 d"],
  ["7d", "7 d"],
  ["30d", "30 d"],
];

export const SPAN_USUAL = "15m";

/** A span as `15m`, in milliseconds; null if it is none. */
export function parseSpan(text: string): number | null {
  const [, number, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const size = UNITS[unit];
  return number && size ? bounded(Number(number) * size) : null;
}

/** What the address asks for: `span`, or `from` and `to`. */
export function rangeOf(query: URLSearchParams, now: number): Range {
  const [from, to] = ["from", "to"].map((name) => Date.parse(query.get(name) ?? ""));
  if (from && to && to > from) return { from, to, isLive: false };
  const span = parseSpan(query.get("span") ?? "") ?? parseSpan(SPAN_USUAL) ?? SPAN_MIN_MS;
  return live(span, now);
}

export function live(span: number, now: number): Range {
  return { from: now - bounded(span), to: now, isLive: true };
}

/** How the address says it. */
export function queryOf(range: Range): Record<string, string | null> {
  if (!range.isLive) {
    const [from, to] = [range.from, range.to].map((at) => new Date(at).toISOString());
    return { from: from ?? null, to: to ?? null, span: null };
  }
  return { from: null, to: null, span: spanText(range.to - range.from) };
}

function spanText(span: number): string {
  for (const [unit, size] of Object.entries(UNITS).reverse()) {
    if (span % size === 0) return `${span / size}${unit}`;
  }
  return `${Math.round(span / 1000)}s`;
}

/** Moves by `share` of its length: into the past if that is negative. */
export function pan(range: Range, share: number, now: number): Range {
  const step = (range.to - range.from) * share;
  if (range.to + step >= now) return live(range.to - range.from, now);
  return { from: range.from + step, to: range.to + step, isLive: false };
}

/** Makes it `factor` times as long, around the place that is at `share` of it. */
export function zoom(range: Range, factor: number, share: number, now: number): Range {
  const length = range.to - range.from;
  const next = bounded(length * factor);
  if (range.isLive && share > 0.98) return live(next, now);
  const from = range.from + length * share - next * share;
  const to = Math.min(from + next, now);
  return { from: to - next, to, isLive: false };
}

/** From one instant to another, if that is long enough to look at. */
export function between(from: number, to: number): Range | null {
  if (to - from < SPAN_MIN_MS) return null;
  return { from: Math.round(from), to: Math.round(to), isLive: false };
}

function bounded(span: number): number {
  return Math.min(Math.max(span, SPAN_MIN_MS), SPAN_MAX_MS);
}
