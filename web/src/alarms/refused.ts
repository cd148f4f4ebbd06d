// Why alarms were refused, in as few words as tell it.

import { count } from "../text/number";

export interface Refused {
  /** Its name. */
  alarm: string;
  reason: string;
}

/** So many different reasons are said. */
const REASONS_MAX = 3;

/** Each reason with the first alarm that it was given for, and how many more there are. */
export function reasonsOf(refused: readonly Refused[]): string {
  const alike = new Map<string, { first: Refused; others: number }>();
  for (const one of refused) {
    const kind = kindOf(one);
    const known = alike.get(kind);
    if (known) known.others += 1;
    else alike.set(kind, { first: one, others: 0 });
  }
  const words = [...alike.values()].slice(0, REASONS_MAX).map(({ first, others }) => {
    const more = others > 0 ? ` (and ${count(others)} more for that)` : "";
    return `${first.alarm}: ${first.reason}${more}`;
  });
  return words.join("; ") + (alike.size > REASONS_MAX ? "; and so on" : "");
}

/** The reason without what is of that alarm alone: its name, its occurrence. */
function kindOf({ alarm, reason }: Refused): string {
  return reason.replaceAll(alarm, "").replaceAll(/\d+/g, "");
}
