// What an operator does about alarms: each thing with who does it, on the occurrence that was seen.

import { given } from "../choice";
import { tell } from "../engine/ask";
import { wordsOf } from "../engine/problem";
import { session } from "../engine/session";
import type { Alarm } from "../engine/shapes";
import { say } from "../parts/say";
import { count } from "../text/number";
import { plural } from "../text/words";

import { askSummary } from "./summary";

/** So many can be acknowledged by one request. */
const AT_ONCE = 1000;

/** Who acts, where the engine does not know it by itself. */
export const who = given("operator");

interface Results {
  acknowledged: number;
  refused: number;
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
export async function acknowledge(alarms: Alarm[]): Promise<boolean> {
  const by = signature();
  const waiting = alarms.filter((alarm) => alarm.flags.includes("unacknowledged"));
  if (!by || waiting.length === 0) return false;
  const refused: string[] = [];
  try {
    let done = 0;
    for (let from = 0; from < waiting.length; from += AT_ONCE) {
      const part = waiting.slice(from, from + AT_ONCE).map(seen);
      const said = await tell<Results>("api/v1/alarms/ack", { alarms: part, ...by });
      done += said.acknowledged;
      const failed = said.results.filter((result) => result.problem);
      refused.push(...failed.map(({ alarm, problem }) => `${alarm}: ${problem?.detail}`));
    }
    if (refused.length > 0) say(refused.slice(0, 3).join("; "), true);
    else say(`${count(done)} ${plural(done, "alarm")} acknowledged`);
  } catch (error) {
    say(wordsOf(error), true);
    return false;
  }
  askSummary();
  return refused.length === 0;
}

function seen(alarm: Alarm) {
  const { occurrence, worst_level } = alarm;
  return { alarm: nameOf(alarm), occurrence, worst_level };
}

type Order = (alarm: Alarm, by: { by?: string }) => Promise<unknown>;

/** Does the same about each of these; what is refused holds no other back. Whether all was done. */
export async function each(alarms: Alarm[], order: Order): Promise<boolean> {
  const by = signature();
  if (!by || alarms.length === 0) return false;
  const refused: string[] = [];
  for (const alarm of alarms) {
    try {
      await order(alarm, by);
    } catch (error) {
      refused.push(`${nameOf(alarm)}: ${wordsOf(error)}`);
    }
  }
  if (refused.length > 0) say(refused.slice(0, 3).join("; "), true);
  else say(`done: ${count(alarms.length)} ${plural(alarms.length, "alarm")}`);
  askSummary();
  return refused.length === 0;
}

export const unshelve: Order = (alarm, by) => give(alarm, "unshelve", by);
export const silence: Order = (alarm, by) => give(alarm, "silence", by);
export const reset: Order = (alarm, by) =>
  give(alarm, "reset", { occurrence: alarm.occurrence, ...by });

/** Puts alarms away for a time, with a reason. */
export function shelve(comment: string, seconds: number, isOneShot: boolean): Order {
  const one_shot = isOneShot || undefined;
  return (alarm, by) => give(alarm, "shelve", { comment, seconds, one_shot, ...by });
}

function give(alarm: Alarm, verb: string, order: unknown): Promise<unknown> {
  return tell(`api/v1/alarms/${encodeURIComponent(nameOf(alarm))}/${verb}`, order);
}

function nameOf(alarm: Alarm): string {
  return alarm.name ?? alarm.id;
}
