// Keeps rows where they are in sight while others come and go above them.

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** Rows that are known by keys, whatever their places. */
export interface Keys {
  /** Of what the list is: another question begins at the top. */
  of: string;
  at: (index: number) => string;
  /** The row of that key; -1 if it is gone. */
  find: (key: string) => number;
}

interface Held {
  of: string;
  /** The keys in sight, by their rows. */
  rows: [number, string][];
}

/** Moves the scroller as far as the rows in sight were moved; at the very top it stays, to show what is new. */
export function useKeep(
  scroller: RefObject<HTMLElement | null>,
  keys: Keys | undefined,
  height: number,
  count: number,
): void {
  const held = useRef<Held>({ of: "", rows: [] });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !keys) return;
    if (held.current.of !== keys.of) element.scrollTop = 0;
    else if (element.scrollTop > 0) element.scrollTop += height * shift(held.current.rows, keys);
    const first = Math.floor(element.scrollTop / height);
    const end = Math.min(count, Math.ceil((element.scrollTop + element.clientHeight) / height));
    const rows: Held["rows"] = [];
    for (let index = first; index < end; index += 1) rows.push([index, keys.at(index)]);
    held.current = { of: keys.of, rows };
  });
}

/** By how many rows most of them were moved: one that goes elsewhere by itself takes nobody along. */
function shift(rows: Held["rows"], keys: Keys): number {
  const votes = new Map<number, number>();
  for (const [index, key] of rows) {
    const now = keys.find(key);
    if (now >= 0) votes.set(now - index, (votes.get(now - index) ?? 0) + 1);
  }
  let [best, most] = [0, 0];
  for (const [moved, count] of votes) if (count > most) [best, most] = [moved, count];
  return best;
}
