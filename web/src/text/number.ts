// Numbers as people read them.

import type { Value } from "../engine/shapes";

/** What stands where nothing is known; never 0. */
export const NOTHING = "–";

const DIGITS = [0, 1, 2, 3, 4, 5, 6].map(
  (digits) =>
    new Intl.NumberFormat("en", { minimumFractionDigits: 0, maximumFractionDigits: digits }),
);

function fixed(digits: number, number: number): string {
  return (DIGITS[digits]?.format(number) ?? String(number)).replace("-", "−");
}

/** A measured value with as many digits as matter. */
export function value(number: Value | undefined): string {
  if (number === null || number === undefined) return NOTHING;
  // Infinite ones come as texts.
  if (number === "Infinity") return "∞";
  if (number === "-Infinity") return "−∞";
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) {
    return number.toExponential(3).replaceAll("-", "−");
  }
  return fixed(size >= 1000 ? 1 : size >= 100 ? 2 : size >= 1 ? 3 : 6, number);
}

/** A value as a number to draw; null if it is none. */
export function drawable(number: Value): number | null {
  return typeof number === "number" ? number : null;
}

export function count(number: number): string {
  return fixed(0, number);
}

/** A rate: one decimal while it is small. */
export function rate(number: number | null): string {
  if (number === null) return NOTHING;
  return fixed(number < 100 ? 1 : 0, number);
}

/** A share as a percentage. */
export function percent(share: number | null): string {
  if (share === null) return NOTHING;
  return `${fixed(share < 0.1 ? 1 : 0, share * 100)} %`;
}

/** A share that is near all or nothing: only what is all shows as 100 %. */
export function portion(share: number | null): string {
  if (share === null) return NOTHING;
  return `${fixed(2, Math.floor(share * 1e4 + 1e-6) / 100)} %`;
}

export function bytes(number: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = number;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${fixed(unit === 0 || size >= 100 ? 0 : 1, size)} ${units[unit]}`;
}

export function milliseconds(number: number | null): string {
  if (number === null) return NOTHING;
  if (number >= 1000) return `${fixed(1, number / 1000)} s`;
  return `${fixed(number < 10 ? 1 : 0, number)} ms`;
}
