// Spans of time as people read them.

import { NOTHING } from "./number";

/** A span in seconds, in the two units that matter. */
export function span(seconds: number | null): string {
  if (seconds === null || Number.isNaN(seconds)) return NOTHING;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(whole, 60, "min", "s");
  if (whole < 86_400) return two(Math.floor(whole / 60), 60, "h", "min");
  return two(Math.floor(whole / 3600), 24, "d", "h");
}

function two(smaller: number, per: number, large: string, small: string): string {
  const rest = smaller % per;
  const first = `${Math.floor(smaller / per)} ${large}`;
  return rest === 0 ? first : `${first} ${rest} ${small}`;
}

/** Hours, as autonomy is told in; null is no end in sight. */
export function hours(seconds: number | null): string {
  if (seconds === null) return "no end in sight";
  if (seconds >= 100 * 86_400) return "over 100 d";
  if (seconds >= 3600 && seconds < 100 * 3600) return `${(seconds / 3600).toFixed(1)} h`;
  return span(seconds);
}
