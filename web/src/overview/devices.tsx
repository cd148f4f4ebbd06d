// How many devices answer.

import type { Overview } from "../engine/shapes";
import { Tile } from "../parts/tile";
import { count } from "../text/number";

export function DevicesTile({ devices }: { devices: Overview["devices"] }) {
  const { total, up, down, unknown } = devices;
  const trouble = down > 0 ? `${count(down)} down` : null;
  return (
    <Tile title="Devices" href="#/devices" trouble={trouble}>
      <p class="figure live">
        {count(up)} <small>of {count(total)} up</small>
      </p>
      <Bar up={up} down={down} unknown={unknown} total={total} />
      <dl class="sums">
        <State name="down" number={down} />
        <State name="unknown" number={unknown} />
      </dl>
    </Tile>
  );
}

function State({ name, number }: { name: string; number: number }) {
  return (
    <div>
      <dt>{number > 0 ? <a href={`#/devices?state=${name}`}>{name}</a> : name}</dt>
      <dd class="live">{count(number)}</dd>
    </div>
  );
}

function Bar({ up, down, unknown, total }: Overview["devices"]) {
  if (total === 0) return null;
  const parts = Object.entries({ up, unknown, down }).filter(([, part]) => part > 0);
  return (
    <div class="bar" aria-hidden="true">
      {parts.map(([state, part]) => (
        <span key={state} class={state} style={{ flexGrow: part }} />
      ))}
    </div>
  );
}
