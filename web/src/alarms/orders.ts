// What an operator does about alarms: each thing with who does it, on the occurrence that was seen.

import { given } from "../choice";
import { TRIES, type Telling, UNKNOWN_AGAIN_SECONDS, newKey, pause, tell } from "../engine/ask";
import { Problem, wordsOf } from "../engine/problem";
import { session } from "../engine/session";
import { say } from "../parts/say";

import { isUnacknowledged } from "./question";
import type { Refused } from "./refused";
import { type Entry, nameOf } from "./table";
import { type Outcome, inPortions } from "./work";

/** So many are acknowledged by one request: the engine gives no more to be recorded at once, and so none of
    these waits for another. */
const AT_ONCE = 250;

/** Who acts, where the engine does not know it by itself. */
export const who = given("operator");

interface Results {
  results: { status: number; problem?: { detail: string } }[];
}

/** Names whoever acts; null, and the field is shown, if nobody said it. */
function signature(): { by?: string } | null {
  if (session.value.principal) return {};
  const by = who.value.trim();
  if (by) return { by };
  say("Say who you are first.", true);
  document.getElementById("who")?.focus();
  return null;
}

/** Acknowledges what was seen of these, and nothing that came meanwhile; whether all was done. */
export async function acknowledge(alarms: Entry[]): Promise<boolean> {
  const by = signature();
  if (!by) return false;
  const waiting = alarms.filter(isUnacknowledged);
  if (waiting.length === 0) {
    say("Nothing of that waits to be acknowledged.");
    return false;
  }
  return inPortions({
    what: "acknowledged",
    alarms: waiting,
    size: AT_ONCE,
    portion: (part, stop) => acknowledgePart(part, by, stop),
  });
}

/** Acknowledges a portion, and those again of which the engine does not know what became, by the same key. */
async function acknowledgePart(
  part: Entry[],
  by: { by?: string },
  stop: AbortSignal,
): Promise<Outcome> {
  const key = newKey();
  const refused: Refused[] = [];
  let open = part;
  for (let tries = 1; ; tries += 1) {
    const results = await acknowledgeOnce(open, by, { key, stop }).catch((error) => {
      if (tries === 1) throw error;
      return wordsOf(error);
    });
    if (typeof results === "string") return { refused, unknown: open.length, trouble: results };
    const unknown = results.filter(isUnknown);
    for (const { alarm, status, detail: reason } of results) {
      if (status >= 400 && status < 500) refused.push({ alarm: nameOf(alarm), reason });
    }
    open = unknown.map(({ alarm }) => alarm);
    if (open.length > 0 && tries < TRIES) await pause(UNKNOWN_AGAIN_SECONDS, stop);
    if (open.length === 0 || tries === TRIES || stop.aborted) {
      return { refused, unknown: open.length, trouble: unknown[0]?.detail ?? "" };
    }
  }
}

interface Result {
  alarm: Entry;
  status: number;
  /** Why it was not done. */
  detail: string;
}

/** Busy, or not durable in time: it may have been done. */
function isUnknown({ status }: Result): boolean {
  return status >= 500;
}

/** What became of each. */
async function acknowledgeOnce(
  alarms: Entry[],
  by: { by?: string },
  telling: Telling,
): Promise<Result[]> {
  const order = { alarms: alarms.map(seen), ...by };
  const { results } = await tell<Results>("api/v1/alarms/ack", order, telling);
  // They come in the order asked.
  return alarms.map((alarm, index) => {
    const { status = 500, problem } = results[index] ?? {};
    return { alarm, status, detail: problem?.detail ?? "" };
  });
}

function seen(alarm: Entry) {
  const { occurrence, worst_level } = alarm;
  return { alarm: nameOf(alarm), occurrence, worst_level };
}

export interface Order {
  /** What it has done, as `shelved`. */
  what: string;
  give: (alarm: Entry, by: { by?: string }, stop: AbortSignal) => Promise<unknown>;
}

/** Does the same about each of these; what is refused holds no other back. Whether all was done, also if
    so many were `dropped` of those that were meant at first. */
export async function each(alarms: Entry[], { what, give }: Order, dropped = 0): Promise<boolean> {
  const by = signature();
  if (!by || alarms.length === 0) return false;
  const portion = async ([alarm]: Entry[], stop: AbortSignal): Promise<Outcome> => {
    const refused: Refused[] = [];
    try {
      if (alarm) await give(alarm, by, stop);
    } catch (error) {
      if (!alarm || !isOfOne(error)) throw error;
      refused.push({ alarm: nameOf(alarm), reason: error.message });
    }
    return { refused, unknown: 0, trouble: "" };
  };
  return inPortions({ what, alarms, dropped, size: 1, portion });
}

/** Whether the engine refused this alarm, and not whoever asks or whatever is asked of it now. */
function isOfOne(error: unknown): error is Problem {
  return error instanceof Problem && ![401, 403, 429].includes(error.status) && error.status < 500;
}

export const unshelve: Order = {
  what: "unshelved",
  give: (alarm, by, stop) => give(alarm, "unshelve", by, stop),
};
export const silence: Order = {
  what: "silenced",
  give: (alarm, by, stop) => {
    return give(alarm, "silence", { occurrence: alarm.occurrence, ...by }, stop);
  },
};
export const reset: Order = {
  what: "reset",
  give: (alarm, by, stop) => {
    return give(alarm, "reset", { occurrence: alarm.occurrence, ...by }, stop);
  },
};

/** Puts alarms away for a time, with a reason. */
export function shelve(comment: string, seconds: number, isOneShot: boolean): Order {
  const one_shot = isOneShot || undefined;
  return {
    what: "shelved",
    give: (alarm, by, stop) => {
      return give(alarm, "shelve", { comment, seconds, one_shot, ...by }, stop);
    },
  };
}

function give(alarm: Entry, verb: string, order: unknown, stop: AbortSignal): Promise<unknown> {
  return tell(`api/v1/alarms/${encodeURIComponent(nameOf(alarm))}/${verb}`, order, { stop });
}
