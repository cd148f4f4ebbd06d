// Alarms by priority.

import type { AlarmSummary } from "../engine/shapes";
import { PriorityBadge } from "../parts/badges";
import { Tile } from "../parts/tile";
import { toAlarms } from "../route";
import { NOTHING, count } from "../text/number";
import { PRIORITIES } from "../text/words";

export function AlarmsTile({ alarms }: { alarms: AlarmSummary | null }) {
  return (
    <Tile title="Alarms" href={toAlarms()}>
      <table>
        <thead>
          <tr>
            <th scope="col">priority</th>
            <th scope="col" class="number">active</th>
            <th scope="col" class="number">unacknowledged</th>
          </tr>
        </thead>
        <tbody>
          {PRIORITIES.map((priority) => {
            const now = alarms?.priorities[priority];
            const isQuiet = !now || now.active + now.unacknowledged === 0;
            return (
              <tr key={priority} class={isQuiet ? "quiet" : ""}>
                <th scope="row">
                  {isQuiet ? priority : <PriorityBadge priority={priority} word />}
                </th>
                <td class="number live">{now ? count(now.active) : NOTHING}</td>
                <td class="number live">{now ? count(now.unacknowledged) : NOTHING}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p class="note live">{alarms ? hidden(alarms) : ""}</p>
    </Tile>
  );
}

function hidden({ states }: AlarmSummary): string {
  const names = [
    ["shelved", "shelved"],
    ["suppressed", "suppressed"],
    ["out_of_service", "out of service"],
  ];
  const some = names.filter(([state = ""]) => (states[state] ?? 0) > 0);
  const parts = some.map(([state = "", word]) => `${count(states[state] ?? 0)} ${word}`);
  return parts.join(", ");
}
