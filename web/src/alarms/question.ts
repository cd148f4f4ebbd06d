// Which alarms are asked for, and which come first: the same as the engine's own list (GET /api/v1/alarms).

import type { AlarmState, Priority } from "../engine/shapes";
import { PRIORITIES } from "../text/words";

import { type Entry, since } from "./table";

export type Sort = "priority" | "newest" | "name";

export interface Question {
  sort: Sort;
  hidden?: boolean;
  acknowledged?: boolean;
  active?: boolean;
  /** The least priority. */
  least?: Priority;
  area?: string;
  device?: string;
  /** A part of the name, in any case. */
  part?: string;
}

const HIDDEN: readonly AlarmState[] = ["shelved", "suppressed", "out_of_service"];

/** Whether operators are not shown it. */
export function isHidden(entry: Entry): boolean {
  return HIDDEN.includes(entry.state);
}

export function isUnacknowledged(entry: Pick<Entry, "flags">): boolean {
  return entry.flags.includes("unacknowledged");
}

/** Whether it is asked for. */
export function fits(entry: Entry, question: Question): boolean {
  const { hidden, acknowledged, active, least, area, device, part } = question;
  return (
    (hidden === undefined || isHidden(entry) === hidden) &&
    (acknowledged === undefined || isUnacknowledged(entry) !== acknowledged) &&
    (active === undefined || (entry.level !== "normal") === active) &&
    (least === undefined || rank(entry.priority) <= rank(least)) &&
    (area === undefined || entry.area === area) &&
    (device === undefined || entry.device === device) &&
    (part === undefined || (entry.name ?? "").toLowerCase().includes(part.toLowerCase()))
  );
}

/** Less than zero if `one` comes before `other`; zero only for one with itself. */
export type Order = (one: Entry, other: Entry) => number;

const ORDERS: Record<Sort, Order> = {
  priority: (one, other) => rank(one.priority) - rank(other.priority) || newest(one, other),
  newest,
  name: (one, other) => ascending(one.name ?? "", other.name ?? "") || byId(one, other),
};

export function orderOf(question: Question): Order {
  return ORDERS[question.sort];
}

/** The urgent ones have the least. */
function rank(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

/** Of those of one instant the last raised stands first, as it would if their times differed. */
function newest(one: Entry, other: Entry): number {
  return (
    ascending(instant(other), instant(one)) || other.occurrence - one.occurrence || byId(one, other)
  );
}

/** A time as a text that sorts: the engine leaves out zeros at the end, and `Z` is more than a digit. */
function instant(entry: Entry): string {
  return since(entry)?.slice(0, -1) ?? "";
}

/** Ids are whole numbers, too large for exact ones here. */
function byId({ id: one }: Entry, { id: other }: Entry): number {
  return one.length - other.length || ascending(one, other);
}

function ascending(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
