// The title of the tab: it is all that is seen of a page in the background.

import { effect } from "@preact/signals";

import { summary } from "../alarms/summary";
import { overview } from "../engine/live";
import { link } from "../engine/stream";
import { route } from "../route";

export function startTitle(): void {
  effect(() => {
    document.title = title();
  });
}

function title(): string {
  const { view, name } = route.value;
  const place = name || `${view.charAt(0).toUpperCase()}${view.slice(1)}`;
  const own = `${place} – ${overview.value?.engine ?? "GridOS"}`;
  if (link.value.isLost) return `✕ NO LIVE DATA – ${own}`;
  const waiting = Object.values(summary.value?.priorities ?? {});
  const count = waiting.reduce((sum, { unacknowledged }) => sum + unacknowledged, 0);
  return count > 0 ? `(${count}) ${own}` : own;
}
