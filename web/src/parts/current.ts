// The row that keys act on: known by its key, so that it stays the same one wherever it goes.

import { useRef, useState } from "preact/hooks";

import type { Keys } from "./keep";

export interface Current {
  /** Its row; where it was, if it is gone. */
  place: number;
  /** It has left the list: what stands in its place is another one, which nobody has chosen. */
  isGone: boolean;
  choose: (index: number) => void;
  /** Chooses a row if none is chosen yet. */
  settle: () => void;
}

export interface Chosen {
  index: number;
  key: string | null;
  /** In the list of what it was chosen. */
  of: string | undefined;
}

export const FIRST: Chosen = { index: 0, key: null, of: undefined };

/** What is chosen of the list that there is now, which may be of another question. */
export function carried(once: Chosen, keys: Keys | undefined): Chosen {
  if (once.key === null || once.of === keys?.of) return once;
  // What another question does not ask for is not gone: nothing of its answer has been chosen yet.
  if (!keys || keys.find(once.key) < 0) return FIRST;
  // What it asks for as well is chosen in its list too, and gone if it leaves that.
  return { ...once, of: keys.of };
}

export function useCurrent(count: number, keys: Keys | undefined): Current {
  const once = useRef(FIRST);
  const [, redraw] = useState(0);
  const last = useRef(0);
  const chosen = carried(once.current, keys);
  once.current = chosen;
  const found = chosen.key === null || !keys ? chosen.index : keys.find(chosen.key);
  const isGone = found < 0;
  if (!isGone) last.current = found;
  const place = Math.max(0, Math.min(count - 1, last.current));
  function choose(index: number) {
    const key = keys && index < count ? keys.at(index) : null;
    once.current = { index, key, of: keys?.of };
    redraw((times) => times + 1);
  }
  return {
    place,
    isGone,
    choose,
    settle: () => {
      if (keys && count > 0 && once.current.key === null) choose(place);
    },
  };
}
