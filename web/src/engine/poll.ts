// Questions that are asked again and again while a view is open.

import { useEffect, useRef, useState } from "preact/hooks";

import { type Query, address, ask } from "./ask";
import { wordsOf } from "./problem";

const HIDDEN_MS = 10_000;
/** Older than this an answer does not count as live. */
const STALE_MS = 6000;

export interface Polled<T> {
  answer: T | null;
  problem: string | null;
  isStale: boolean;
  /** Asks at once. */
  again: () => void;
}

/** Asks for `path` every `every` milliseconds; null asks nothing. */
export function usePoll<T>(path: string | null, query: Query, every: number): Polled<T> {
  const [answer, setAnswer] = useState<{ of: string; said: T } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isStale, setStale] = useState(false);
  const poll = useRef<{ now: () => void }>({ now: () => {} });
  const whole = path === null ? null : address(path, query);

  useEffect(() => {
    if (whole === null) return;
    const open = new AbortController();
    let timer = 0;
    let answered = performance.now();
    async function turn() {
      clearTimeout(timer);
      try {
        const said = await ask<T>(whole as string, {}, open.signal);
        answered = performance.now();
        setAnswer({ of: whole as string, said });
        setProblem(null);
        setStale(false);
      } catch (error) {
        if (open.signal.aborted) return;
        setProblem(wordsOf(error));
      }
      if (open.signal.aborted) return;
      clearTimeout(timer);
      timer = window.setTimeout(turn, document.hidden ? HIDDEN_MS : every);
    }
    const watch = setInterval(() => {
      if (performance.now() - answered > Math.max(STALE_MS, every * 3)) setStale(true);
    }, 500);
    poll.current.now = () => void turn();
    void turn();
    return () => {
      open.abort();
      clearTimeout(timer);
      clearInterval(watch);
    };
  }, [whole, every]);

  return { answer: answer?.said ?? null, problem, isStale, again: () => poll.current.now() };
}
