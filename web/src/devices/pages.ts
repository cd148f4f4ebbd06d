// The devices of a question, of which only the pages in sight are asked for.

import { useEffect, useRef, useState } from "preact/hooks";

import { type Query, ask } from "../engine/ask";
import { wordsOf } from "../engine/problem";
import type { Device, DevicePage } from "../engine/shapes";
import type { Window } from "../parts/rows";

const PAGE = 100;
const EVERY_MS = 2000;
/** Older than this what a page says does not count as live. */
const STALE_MS = 8000;
/** While somebody drags through thousands, the pages in between are not asked for. */
const SETTLE_MS = 60;

interface Page {
  at: number;
  devices: Device[];
}

export interface Devices {
  matching: number;
  total: number;
  problem: string | null;
  /** The device of a row; null until its page has come. */
  at: (index: number) => Device | null;
  isStale: (index: number) => boolean;
  see: (window: Window) => void;
}

export function useDevices(query: Query): Devices {
  const [counts, setCounts] = useState({ matching: 0, total: 0 });
  const [problem, setProblem] = useState<string | null>(null);
  const [, redraw] = useState(0);
  const pages = useRef(new Map<number, Page>());
  const inSight = useRef<Window>({ first: 0, end: PAGE });
  const look = useRef<(pause: number) => void>(() => {});
  const key = JSON.stringify(query);

  useEffect(() => {
    const open = new AbortController();
    pages.current = new Map();
    let timer = 0;
    async function turn() {
      const { first, end } = inSight.current;
      const numbers = [];
      for (let n = Math.floor(first / PAGE); n * PAGE < Math.max(end, 1); n += 1) numbers.push(n);
      try {
        await Promise.all(numbers.map(load));
        setProblem(null);
      } catch (error) {
        if (!open.signal.aborted) setProblem(wordsOf(error));
      }
      if (open.signal.aborted) return;
      redraw((count) => count + 1);
      schedule(EVERY_MS);
    }
    async function load(number: number) {
      const asked = { ...query, limit: PAGE, offset: number * PAGE };
      const said = await ask<DevicePage>("api/v1/devices", asked, open.signal);
      pages.current.set(number, { at: performance.now(), devices: said.devices });
      setCounts({ matching: said.matching, total: said.total });
    }
    function schedule(pause: number) {
      clearTimeout(timer);
      timer = window.setTimeout(turn, pause);
    }
    look.current = schedule;
    void turn();
    return () => {
      open.abort();
      clearTimeout(timer);
    };
  }, [key]);

  const page = (index: number) => pages.current.get(Math.floor(index / PAGE));
  return {
    ...counts,
    problem,
    at: (index) => page(index)?.devices[index % PAGE] ?? null,
    isStale: (index) => performance.now() - (page(index)?.at ?? 0) > STALE_MS,
    see: (window) => {
      inSight.current = window;
      const isMissing = !page(window.first) || !page(Math.max(0, window.end - 1));
      if (isMissing) look.current(SETTLE_MS);
    },
  };
}
