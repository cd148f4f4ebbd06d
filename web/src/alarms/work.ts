// Something that is done about many alarms, in portions that the engine takes, and how far it has come.

import { signal } from "@preact/signals";

import { Problem, wordsOf } from "../engine/problem";
import { say } from "../parts/say";
import { count } from "../text/number";
import { plural } from "../text/words";

import { type Refused, reasonsOf } from "./refused";
import { askSummary } from "./summary";
import { type Entry, nameOf } from "./table";

export interface Work {
  /** What is done, as `acknowledged`. */
  what: string;
  of: number;
  done: number;
  refused: number;
  /** No further portion is sent, and the answer to the last one is waited for. */
  isStopping: boolean;
}

/** What is under way now; null if nothing is. */
export const work = signal<Work | null>(null);

let stop = new AbortController();

/** Sends no further portion, and none again; what was sent is done. */
export function stopWork(): void {
  stop.abort();
  if (work.value) work.value = { ...work.value, isStopping: true };
}

/** What became of a portion; the rest of it is done. */
export interface Outcome {
  refused: Refused[];
  /** Of so many it is not known. */
  unknown: number;
  /** Why it is not. */
  trouble: string;
}

/** Does something about a portion; it gives up what it would do again when `stop` says so. */
export type Portion = (alarms: Entry[], stop: AbortSignal) => Promise<Outcome>;

export interface Task {
  /** What is done, as `acknowledged`. */
  what: string;
  alarms: Entry[];
  /** So many more were meant at first. */
  dropped?: number;
  /** So many at once. */
  size: number;
  portion: Portion;
}

/** Does `portion` about all alarms; whether all was done. */
export async function inPortions({ what, alarms, dropped = 0, size, portion }: Task): Promise<boolean> {
  if (work.peek() !== null) return false;
  stop = new AbortController();
  const { signal: stopped } = stop;
  const refused: Refused[] = [];
  let [done, unknown, trouble] = [0, 0, ""];
  for (let sent = 0; sent < alarms.length && !stopped.aborted && !trouble; sent += size) {
    const counts = { of: alarms.length, done, refused: refused.length };
    work.value = { what, ...counts, isStopping: false };
    const part = alarms.slice(sent, sent + size);
    const came = await portion(part, stopped).catch((error) => outcomeOf(error, part));
    refused.push(...came.refused);
    unknown += came.unknown;
    trouble = came.trouble;
    done += part.length - came.refused.length - came.unknown;
  }
  work.value = null;
  sayWhatCame(what, { all: alarms.length, dropped, done, unknown }, refused, trouble);
  askSummary();
  return done === alarms.length;
}

/** What became of a portion about which the engine answered nothing but an error. */
function outcomeOf(error: unknown, part: Entry[]): Outcome {
  const trouble = wordsOf(error);
  const isRefused = error instanceof Problem && error.status < 500;
  if (!isRefused) return { refused: [], unknown: part.length, trouble };
  const refused = part.map((alarm) => ({ alarm: nameOf(alarm), reason: trouble }));
  return { refused, unknown: 0, trouble };
}

interface Counts {
  all: number;
  dropped: number;
  done: number;
  /** Of so many it was not said what became of them. */
  unknown: number;
}

function sayWhatCame(what: string, counts: Counts, refused: Refused[], trouble: string): void {
  const { all, dropped, done, unknown } = counts;
  const others = all - done - refused.length - unknown;
  const parts = [
    `${count(done)} ${plural(done, "alarm")} ${what}`,
    refused.length > 0 ? `${count(refused.length)} refused: ${reasonsOf(refused)}` : "",
    unknown > 0 ? `not known of ${count(unknown)}: ${trouble}` : "",
    others > 0 ? `${count(others)} not asked for` : "",
    dropped > 0 ? `${count(dropped)} left out: come anew, grown worse or gone since` : "",
  ];
  say(parts.filter(Boolean).join(". "), done < all || dropped > 0);
}
