// The range of a trend by buttons: what fingers and keys do, for everybody.

import { whole } from "../text/time";

import { type Range, SPANS, parseSpan } from "./range";

interface Moves {
  onPan: (share: number) => void;
  onZoom: (factor: number, share: number) => void;
  onLive: (length?: number) => void;
}

export function Toolbar({ range, moves, isLost }: { range: Range; moves: Moves; isLost: boolean }) {
  const length = range.to - range.from;
  const middle = range.isLive ? 1 : 0.5;
  return (
    <div class="toolbar" role="toolbar" aria-label="Range of the trend">
      <button
        type="button"
        class="live-button"
        aria-pressed={range.isLive}
        onClick={() => moves.onLive()}
      >
        {range.isLive ? (isLost ? "✕ Lost" : "● Live") : "▶ Back to live"}
      </button>
      <span class="joined">
        {SPANS.map(([name, word]) => (
          <button
            key={name}
            type="button"
            aria-pressed={range.isLive && parseSpan(name) === length}
            onClick={() => moves.onLive(parseSpan(name) ?? undefined)}
          >
            {word}
          </button>
        ))}
      </span>
      <span class="joined">
        <button type="button" aria-label="Earlier" onClick={() => moves.onPan(-0.5)}>
          ◀
        </button>
        <button type="button" aria-label="Later" disabled={range.isLive} onClick={() => moves.onPan(0.5)}>
          ▶
        </button>
        <button type="button" aria-label="Closer" onClick={() => moves.onZoom(0.5, middle)}>
          +
        </button>
        <button type="button" aria-label="Further" onClick={() => moves.onZoom(2, middle)}>
          −
        </button>
      </span>
      {range.isLive ? null : (
        <span class="history">
          ◷ History: {whole(range.from)} – {whole(range.to)}
        </span>
      )}
    </div>
  );
}
