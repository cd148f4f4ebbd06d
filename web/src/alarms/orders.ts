// What an operator does about alarms: each thing with who does it, on the occurrence that was seen.

import { given } from "../choice";
import { tell } from "../engine/ask";
import { Problem } from "../engine/problem";
import { session } from "../engine/session";
import { say } from "../parts/say";

import { isUnacknowledged } from "./question";
import { type Entry, nameOf } from "./table";
import { inPortions } from "./work";

/** So many can be acknowledged by one request. */
const AT_ONCE = 1000;

/** Who acts, where the engine does not know it by itself. */
export const who = given("operator");

interface Results {
  results: { alarm: string; status: number; problem?: { detail: string } }[];
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
  return inPortions("acknowledged", waiting, AT_ONCE, async (part) => {
    const order = { alarms: part.map(seen), ...by };
    const { results } = await tell<Results>("api/v1/alarms/ack", order);
    const failed = results.filter((result) => result.problem);
    return failed.map(({ alarm, problem }) => `${alarm}: ${problem?.detail}`);
  });
}

function seen(alarm: Entry) {
  const { occurrence, worst_level } = alarm;
  return { alarm: nameOf(alarm), occurrence, worst_level };
}

export interface Order {
  /** What it has done, as `shelved`. */
  what: string;
  give: (alarm: Entry, by: { by?: string }) => Promise<unknown>;
}

/** Does the same about each of these; what is refused holds no other back. Whether all was done. */
export async function each(alarms: Entry[], { what, give }: Order): Promise<boolean> {
  const by = signature();
  if (!by || alarms.length === 0) return false;
  return inPortions(what, alarms, 1, async (part) => {
    const refused: string[] = [];
    for (const alarm of part) {
      try {
        await give(alarm, by);
      } catch (error) {
        if (!isOfOne(error)) throw error;
        refused.push(`${nameOf(alarm)}: ${error.message}`);
      }
    }
    return refused;
  });
}

/** Whether the engine refused this alarm, and not whoever asks or whatever is asked of it now. */
function isOfOne(error: unknown): error is Problem {
  return error instanceof Problem && ![401, 403, 429].includes(error.status) && error.status < 500;
}

export const unshelve: Order = {
  what: "unshelved",
  give: (alarm, by) => give(alarm, "unshelve", by),
};
export const silence: Order = {
  what: "silenced",
  give: (alarm, by) => give(alarm, "silence", { occurrence: alarm.occurrence, ...by }),
};
export const reset: Order = {
  what: "reset",
  give: (alarm, by) => give(alarm, "reset", { occurrence: alarm.occurrence, ...by }),
};

/** Puts alarms away for a time, with a reason. */
export function shelve(comment: string, seconds: number, isOneShot: boolean): Order {
  const one_shot = isOneShot || undefined;
  return {
    what: "shelved",
    give: (alarm, by) => give(alarm, "shelve", { comment, seconds, one_shot, ...by }),
  };
}

function give(alarm: Entry, verb: string, order: unknown): Promise<unknown> {
  return tell(`api/v1/alarms/${encodeURIComponent(nameOf(alarm))}/${verb}`, order);
}
