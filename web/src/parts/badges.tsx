// Small marks that are read by their shape and word; colour only repeats what they say.

import type { DeviceState, Level, PointNow, Priority } from "../engine/shapes";
import { isBad, qualityWords } from "../text/quality";
import { DEVICE_MARKS, LEVELS, PRIORITY_MARKS } from "../text/words";

export function PriorityBadge({ priority, word = false }: { priority: Priority; word?: boolean }) {
  return (
    <span class={`badge priority-${priority}`}>
      <span aria-hidden="true">{PRIORITY_MARKS[priority]}</span>
      <span class={word ? "" : "unseen"}> {priority}</span>
    </span>
  );
}

export function LevelBadge({ level }: { level: Level }) {
  if (level === "normal") return null;
  const { mark, word } = LEVELS[level];
  return (
    <span class="badge level">
      <span aria-hidden="true">{mark}</span>
      <span class="word"> {word}</span>
    </span>
  );
}

export function QualityBadge({ quality }: { quality: PointNow["quality"] }) {
  const text = qualityWords(quality);
  if (!text) return null;
  return (
    <span class={isBad(quality) ? "badge bad" : "badge doubt"}>
      <span aria-hidden="true">{isBad(quality) ? "✕" : "?"}</span> {text}
    </span>
  );
}

export function StateBadge({ state }: { state: DeviceState }) {
  return (
    <span class={`state state-${state}`}>
      <span aria-hidden="true">{DEVICE_MARKS[state]}</span> {state}
    </span>
  );
}
