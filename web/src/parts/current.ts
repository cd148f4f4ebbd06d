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

interface Chosen {
  index: number;
  key: string | null;
  /** In the list of what it was chosen. */
  of: string | undefined;
}

const FIRST: Chosen = { index: 0, key: null, of: undefined };

export function useCurrent(count: number, keys: Keys | undefined): Current {
  const [once, setChosen] = useState(FIRST);
  const last = useRef(0);
  const at = ({ key, index }: Chosen) => (key === null || !keys ? index : keys.find(key));
  // What another question does not ask for is not gone: nothing of its answer has been chosen yet.
  const chosen = once.of !== keys?.of && at(once) < 0 ? FIRST : once;
  const found = at(chosen);
  const isGone = found < 0;
  if (!isGone) last.current = found;
  const place = Math.max(0, Math.min(count - 1, last.current));
  function choose(index: number) {
    const key = keys && index < count ? keys.at(index) : null;
    setChosen({ index, key, of: keys?.of });
  }
  return {
    place,
    isGone,
    choose,
    settle: () => {
      if (keys && count > 0 && chosen.key === null) choose(place);
    },
  };
}
