// Values as people read them.

const DECIMALS = [0, 1, 2, 3, 4, 5, 6].map(
  (most) => new Intl.NumberFormat("en", { maximumFractionDigits: most }),
);
const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A measured value; what is no number is shown as such, never as 0. */
export function value(number) {
  if (number === null || number === undefined) return "–";
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return number.toExponential(4);
  return DECIMALS[size >= 1000 ? 1 : size >= 100 ? 2 : size >= 1 ? 3 : 6].format(number);
}

/** What a reading says: its text, what its number means, or the number. */
export function shown(reading) {
  if (reading.text !== undefined) return reading.text || "–";
  return reading.state ?? value(reading.value);
}

export function count(number) {
  return COUNT.format(number);
}

/** A rate: one decimal while it is small. */
export function rate(number) {
  if (number === null) return "–";
  return number < 100 ? number.toFixed(1) : COUNT.format(number);
}

export function bytes(number) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = number;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

export function milliseconds(number) {
  if (number === null) return "–";
  if (number >= 1000) return `${(number / 1000).toFixed(1)} s`;
  return `${number < 10 ? number.toFixed(1) : Math.round(number)} ms`;
}

/** A span in seconds, in the two units that matter. */
export function span(seconds) {
  if (seconds === null || Number.isNaN(seconds)) return "never";
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** A time of day, with the date if it is not today. */
export function clock(milliseconds) {
  const time = new Date(milliseconds);
  const day = time.toDateString() === new Date().toDateString();
  return day ? time.toLocaleTimeString() : time.toLocaleString();
}

/** Names of flags and levels as words. */
export function words(name) {
  return name.replaceAll("_", " ");
}

/** A level or a state, as a shape and a word: readable without its colour. */
export const MARKS = {
  high_high: "▲▲ high high",
  high: "▲ high",
  low: "▼ low",
  low_low: "▼▼ low low",
  up: "up",
  down: "✕ down",
  unknown: "? unknown",
};

/** The flags that forbid using a value as a measurement. */
const BAD = new Set([
  "offline", "restart", "comm_lost", "chatter_filter", "over_range", "reference_err", "stale",
  "not_finite", "device_error",
]);

/** Whether a value of this quality (null: none yet) must not be used as a measurement. */
export function isBad(quality) {
  return (quality ?? []).some((flag) => BAD.has(flag));
}
