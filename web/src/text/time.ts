// Instants in the viewer's zone, or in UTC.

import { choice } from "../choice";

import { NOTHING } from "./number";

/** Where times are shown: here, or in UTC. */
export const zone = choice<"local" | "utc">("zone", "local", ["local", "utc"]);

/** A format costs more to make than a row of a list: each is made once. */
const formats = new Map<string, Intl.DateTimeFormat>();

function zoned(options: Intl.DateTimeFormatOptions, at: Date): string {
  const timeZone = zone.value === "utc" ? "UTC" : undefined;
  const key = JSON.stringify([options, timeZone]);
  const format = formats.get(key) ?? new Intl.DateTimeFormat("en-GB", { ...options, timeZone });
  formats.set(key, format);
  return format.format(at);
}

function parse(time: string | number | null | undefined): Date | null {
  if (time === null || time === undefined) return null;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : date;
}

const CLOCK: Intl.DateTimeFormatOptions = {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
};
const DAY: Intl.DateTimeFormatOptions = { year: "numeric", month: "2-digit", day: "2-digit" };

export function clock(time: string | number | null | undefined): string {
  const at = parse(time);
  return at ? zoned(CLOCK, at) : NOTHING;
}

/** Year, month and day, the largest first. */
export function day(time: string | number | null | undefined): string {
  const at = parse(time);
  return at ? zoned(DAY, at).split("/").reverse().join("-") : NOTHING;
}

/** The time of day, with the date if it is not today. */
export function moment(time: string | number | null | undefined, now = Date.now()): string {
  if (!parse(time)) return NOTHING;
  return day(time) === day(now) ? clock(time) : `${day(time)} ${clock(time)}`;
}

/** Date, time with milliseconds, and zone. */
export function whole(time: string | number | null | undefined): string {
  const at = parse(time);
  if (!at) return NOTHING;
  const milliseconds = String(at.getUTCMilliseconds()).padStart(3, "0");
  return `${day(time)} ${clock(time)}.${milliseconds} ${zoneName()}`;
}

export function zoneName(): string {
  if (zone.value === "utc") return "UTC";
  return new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" })
    .formatToParts()
    .filter((part) => part.type === "timeZoneName")
    .map((part) => part.value)
    .join("");
}
