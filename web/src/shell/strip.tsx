// The strip that is always in sight: is this live, and is all well?

import type { ComponentChildren } from "preact";

import { summary } from "../alarms/summary";
import { overview } from "../engine/live";
import { second } from "../engine/clock";
import { link } from "../engine/stream";
import { autonomyIsLow, databaseTrouble } from "../overview/verdict";
import { PriorityBadge } from "../parts/badges";
import { toAlarms } from "../route";
import { NOTHING, count, milliseconds, rate } from "../text/number";
import { hours } from "../text/span";
import { clock, day, zoneName } from "../text/time";
import { PRIORITIES } from "../text/words";


export function Strip() {
  const now = overview.value;
  return (
    <section class="strip" aria-label="The engine now">
      <p class="engine">
        <LiveMark />
        <strong>{now?.engine ?? "GridOS"}</strong>
      </p>
      <dl>
        <AlarmsCell />
        <DevicesCell />
        <Cell less name="Readings/s" text={now ? rate(now.readings_per_second) : NOTHING} />
        <Cell
          less
          name="Wire→alarm p99"
          text={now ? milliseconds(now.latency.alarm.p99_ms) : NOTHING}
        />
        <LedgerCell />
        <AutonomyCell />
        <DatabaseCell />
      </dl>
      <p class="now">
        <span class="live">{clock(second.value)}</span>
        <small>
          {day(second.value)} {zoneName()}
        </small>
      </p>
    </section>
  );
}

function LiveMark() {
  const { isLost, wasLive } = link.value;
  if (isLost) return <span class="mark lost">✕ LOST</span>;
  if (!wasLive) return <span class="mark">◌ connecting</span>;
  return <span class="mark">● live</span>;
}

interface CellProps {
  name: string;
  text: ComponentChildren;
  /** Why it is abnormal; nothing if it is not. */
  trouble?: string | null | undefined;
  href?: string;
  /** Whether a narrow strip does without it while nothing is wrong. */
  less?: boolean;
}

function Cell({ name, text, trouble = null, href, less = false }: CellProps) {
  const shown = (
    <>
      {trouble ? <span aria-hidden="true">✕ </span> : null}
      {text}
    </>
  );
  return (
    <div class={trouble ? "cell abnormal" : less ? "cell less" : "cell"} title={trouble ?? undefined}>
      <dt>{name}</dt>
      <dd class="live">{href ? <a href={href}>{shown}</a> : shown}</dd>
    </div>
  );
}

function AlarmsCell() {
  const now = summary.value;
  const standing = PRIORITIES.filter((own) => {
    const { active, unacknowledged } = now?.priorities[own] ?? { active: 0, unacknowledged: 0 };
    return active + unacknowledged > 0;
  });
  return (
    <div class="cell alarms">
      <dt>Alarms</dt>
      <dd class="live">
        <a href={toAlarms()}>
          {now === null ? NOTHING : standing.length === 0 ? "none" : null}
          {standing.map((priority) => (
            <span key={priority} class="standing">
              <PriorityBadge priority={priority} /> {count(now?.priorities[priority].active ?? 0)}
              {now && now.priorities[priority].unacknowledged > 0 ? (
                <small> {count(now.priorities[priority].unacknowledged)} new</small>
              ) : null}
            </span>
          ))}
        </a>
      </dd>
    </div>
  );
}

function DevicesCell() {
  const devices = overview.value?.devices;
  if (!devices) return <Cell name="Devices" text={NOTHING} href="#/devices" />;
  const text =
    devices.down > 0
      ? `${count(devices.down)} down of ${count(devices.total)}`
      : `${count(devices.up)} of ${count(devices.total)} up`;
  return (
    <Cell
      name="Devices"
      text={text}
      trouble={devices.down > 0 ? `${devices.down} do not answer` : null}
      href={devices.down > 0 ? "#/devices?state=down" : "#/devices"}
    />
  );
}

function LedgerCell() {
  const ledger = overview.value?.ledger;
  if (!ledger) return <Cell name="Ledger" text={NOTHING} />;
  if (!ledger.balanced) {
    return <Cell name="Ledger" text="off" trouble={`${ledger.unaccounted} unaccounted for`} />;
  }
  if (ledger.lost > 0) {
    return <Cell name="Ledger" text={`${count(ledger.lost)} lost`} trouble="readings were lost" />;
  }
  return <Cell name="Ledger" text="balanced" />;
}

function AutonomyCell() {
  const journal = overview.value?.journal;
  if (!journal) return <Cell name="Autonomy" text={NOTHING} />;
  const trouble = autonomyIsLow(journal) ? "the journal has little room left" : null;
  const text = hours(journal.autonomy_seconds);
  return <Cell less name="Autonomy" text={text} trouble={trouble} />;
}

function DatabaseCell() {
  const store = overview.value?.store;
  if (!store) return <Cell name="Database" text={NOTHING} />;
  const trouble = databaseTrouble(store);
  return <Cell name="Database" text={store.connected ? "connected" : "away"} trouble={trouble} />;
}
