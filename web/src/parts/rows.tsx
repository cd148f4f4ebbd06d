// A list of any length of which only the rows in sight exist.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { useCurrent } from "./current";
import { type Keys, useKeep } from "./keep";

/** Rows above and below those in sight that exist as well, so that scrolling shows no hole. */
const MARGIN = 12;

export interface Window {
  first: number;
  /** The first one behind. */
  end: number;
}

interface Props {
  count: number;
  /** The height of a row, in the size of the page's letters. */
  rem: number;
  label: string;
  head: ComponentChildren;
  row: (index: number) => ComponentChildren;
  /** Of rows that come, go and move while they are shown. */
  keys?: Keys;
  /** Of a list in which several can be selected; elsewhere the current row is. */
  isSelected?: (index: number) => boolean;
  /** What is shown instead of rows if there are none. */
  empty: ComponentChildren;
  onWindow?: (window: Window) => void;
  onOpen?: (index: number) => void;
  /** Somebody has chosen a row; not if the first one is, because none was. */
  onChoose?: () => void;
  /** A key that the list does not know, pressed on the row; true shows the row. */
  onKey?: (event: KeyboardEvent, index: number, where: Where) => boolean;
}

/** Whether the row that a key is meant for is in sight, scrolled out of it, or in the list no more. */
export type Where = "seen" | "unseen" | "gone";

/** A table whose rows are reached by the arrow keys, and opened by Enter. */
export function Rows(props: Props) {
  const { count, rem, label, head, empty, keys } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [room, setRoom] = useState(600);
  const [letter, setLetter] = useState(letterPx);
  const height = Math.round(rem * letter);
  const { place, isGone, choose, settle } = useCurrent(count, keys);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      setRoom(element.clientHeight);
      setLetter(letterPx());
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useKeep(scroller, keys, height, count);
  useEffect(() => {
    if (document.activeElement === scroller.current) settle();
  }, [count, keys?.of]);

  const first = Math.max(0, Math.floor(top / height) - MARGIN);
  const end = Math.min(count, Math.ceil((top + room) / height) + MARGIN);
  const headPx = HEAD_REM * letter;
  const hasCurrent = !isGone && place >= first && place < end;
  useEffect(() => props.onWindow?.({ first, end }), [first, end]);

  function go(to: number) {
    const next = Math.max(0, Math.min(count - 1, to));
    choose(next);
    const element = scroller.current;
    if (!element) return;
    const [above, below] = [next * height, (next + 1) * height];
    if (above < element.scrollTop) element.scrollTop = above;
    else if (below > element.scrollTop + element.clientHeight - headPx) {
      element.scrollTop = below - element.clientHeight + headPx;
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    const isOwn = event.target === scroller.current;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(room / height) - 2);
    // What has come into the place of a row that is gone is the next one.
    const down = isGone ? place : place + 1;
    const steps: Record<string, number> = {
      ArrowDown: down,
      ArrowUp: place - 1,
      j: down,
      k: place - 1,
      PageDown: place + page,
      PageUp: place - page,
      Home: 0,
      End: count - 1,
    };
    const to = steps[event.key];
    if (to !== undefined && isOwn) {
      event.preventDefault();
      go(to);
      props.onChoose?.();
    } else if (event.key === "Enter" && isOwn && count > 0 && !isGone) {
      event.preventDefault();
      props.onOpen?.(place);
    } else if (isOwn && count > 0) {
      if (props.onKey?.(event, place, where())) go(place);
    }
  }

  function where(): Where {
    const element = scroller.current;
    if (isGone || !element) return "gone";
    const middle = (place + 0.5) * height - element.scrollTop;
    return middle > 0 && middle < element.clientHeight - headPx ? "seen" : "unseen";
  }

  const shown = [];
  const isCurrent = (index: number) => index === place && !isGone;
  const idOf = (index: number) => `${rowId(label)}-${keys?.at(index) ?? index}`;
  for (let index = first; index < end; index += 1) {
    shown.push(
      <div
        key={idOf(index)}
        id={idOf(index)}
        role="row"
        class={isCurrent(index) ? "row current" : "row"}
        aria-rowindex={index + 2}
        aria-selected={props.isSelected?.(index) ?? isCurrent(index)}
        style={{ transform: `translateY(${index * height}px)`, height: `${height}px` }}
      >
        {props.row(index)}
      </div>,
    );
  }

  function onClick(event: MouseEvent) {
    const target = event.target as HTMLElement;
    const row = target.closest("[role=row]");
    if (!row) return;
    const index = Number(row.getAttribute("aria-rowindex")) - 2;
    choose(index);
    props.onChoose?.();
    if (target.closest("a, button, input, label")) return;
    props.onOpen?.(index);
  }

  return (
    <div
      ref={scroller}
      class="rows"
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-multiselectable={props.isSelected ? true : undefined}
      aria-activedescendant={hasCurrent ? idOf(place) : undefined}
      onFocus={(event) => event.target === event.currentTarget && settle()}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div role="row" class="head" aria-rowindex={1}>
        {head}
      </div>
      {count === 0 ? <Empty>{empty}</Empty> : null}
      {/* One listener for all: what a row of its own holds would keep every row that ever was. */}
      <div
        class="body"
        role="rowgroup"
        style={{ height: `${count * height}px` }}
        onClick={onClick}
      >
        {shown}
      </div>
    </div>
  );
}

const HEAD_REM = 2.1;

function letterPx(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
}

function Empty({ children }: { children: ComponentChildren }) {
  return (
    <div role="row" class="empty">
      <div role="gridcell">{children}</div>
    </div>
  );
}

function rowId(label: string): string {
  return `row-${label.toLowerCase().replaceAll(" ", "-")}`;
}
