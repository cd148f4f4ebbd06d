// Something that is done about many alarms, in portions that the engine takes, and how far it has come.

import { signal } from "@preact/signals";

import { Problem, wordsOf } from "../engine/problem";
import { say } from "../parts/say";
import { count } from "../text/number";
import { plural } from "../text/words";

import { askSummary } from "./summary";
import type { Entry } from "./table";

/** So many of the reasons for which something was refused are said. */
const REASONS_MAX = 3;

export interface Work {
  /** What is done, as `acknowledged`. */
  what: string;
  of: number;
  done: number;
  refused: number;
}

/** What is under way now; null if nothing is. */
export const work = signal<Work | null>(null);

let isStopped = false;

/** Sends no further portion; what was sent is done. */
export function stopWork(): void {
  isStopped = true;
}

/** Does something about a portion, and says what was refused of it and why. */
export type Portion = (alarms: Entry[]) => Promise<string[]>;

/** Does `portion` about all alarms, `size` at once; whether all was done. */
export async function inPortions(
  what: string,
  alarms: Entry[],
  size: number,
  portion: Portion,
): Promise<boolean> {
  if (work.peek() !== null) return false;
  isStopped = false;
  const refused: string[] = [];
  let [done, unknown, trouble] = [0, 0, ""];
  for (let sent = 0; sent < alarms.length && !isStopped && !trouble; sent += size) {
    work.value = { what, of: alarms.length, done, refused: refused.length };
    const part = alarms.slice(sent, sent + size);
    try {
      const failed = await portion(part);
      refused.push(...failed);
      done += part.length - failed.length;
    } catch (error) {
      trouble = wordsOf(error);
      if (error instanceof Problem && error.status < 500) refused.push(...part.map(() => trouble));
      else unknown = part.length;
    }
  }
  work.value = null;
  sayWhatCame(what, { all: alarms.length, done, unknown }, refused, trouble);
  askSummary();
  return done === alarms.length;
}

interface Counts {
  all: number;
  done: number;
  /** Of so many it was not said what became of them. */
  unknown: number;
}

function sayWhatCame(what: string, counts: Counts, refused: string[], trouble: string): void {
  const { all, done, unknown } = counts;
  const others = all - done - refused.length - unknown;
  const different = [...new Set(refused)];
  const reasons = different.slice(0, REASONS_MAX).join("; ");
  const more = different.length > REASONS_MAX ? "; and so on" : "";
  const parts = [
    `${count(done)} ${plural(done, "alarm")} ${what}`,
    refused.length > 0 ? `${count(refused.length)} refused: ${reasons}${more}` : "",
    unknown > 0 ? `not known of ${count(unknown)}: ${trouble}` : "",
    others > 0 ? `${count(others)} not asked for` : "",
  ];
  say(parts.filter(Boolean).join(". "), done < all);
}
