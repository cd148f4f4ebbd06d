// The engine and its grid on one screen.

import { summary } from "../alarms/summary";
import { overview } from "../engine/live";
import type { AlarmSummary, Overview } from "../engine/shapes";
import { count } from "../text/number";
import { span } from "../text/span";
import { plural } from "../text/words";

import { AlarmsTile } from "./alarms";
import { DevicesTile } from "./devices";
import { JournalTile, StoreTile } from "./keeping";
import { LatencyTile } from "./latency";
import { LedgerTile } from "./ledger";
import { RateTile } from "./rate";
import { type Finding, findings } from "./verdict";

export function OverviewView() {
  const now = overview.value;
  if (now === null) return <p class="nothing">Waiting for the engine …</p>;
  return (
    <>
      <h1 class="unseen">Overview</h1>
      <Verdict now={now} alarms={summary.value} />
      <div class="tiles">
        <AlarmsTile alarms={summary.value} />
        <DevicesTile devices={now.devices} />
        <LatencyTile latency={now.latency} />
        <RateTile now={now} />
        <LedgerTile ledger={now.ledger} />
        <JournalTile journal={now.journal} />
        <StoreTile store={now.store} />
      </div>
      <p class="about">
        GridOS {now.version}, up <span class="live">{span(now.uptime_seconds)}</span>,{" "}
        {count(now.points)} points
      </p>
    </>
  );
}

/** All that is abnormal, in words; or that nothing is. */
function Verdict({ now, alarms }: { now: Overview; alarms: AlarmSummary | null }) {
  const found = findings(now, alarms);
  if (found.length === 0) {
    return (
      <section class="verdict" aria-label="What is abnormal">
        <p class="live">
          <span aria-hidden="true">○</span> Nothing is abnormal.
        </p>
      </section>
    );
  }
  const isGrave = found.some((finding) => finding.isGrave);
  return (
    <section class={isGrave ? "verdict grave" : "verdict"} aria-label="What is abnormal">
      <h2 class="live">
        <span aria-hidden="true">✕</span> {found.length} {plural(found.length, "thing")} abnormal
      </h2>
      <ul class="live">
        {found.map((finding) => (
          <li key={finding.text}>{linked(finding)}</li>
        ))}
      </ul>
    </section>
  );
}

function linked({ text, href }: Finding) {
  return href ? <a href={href}>{text}</a> : text;
}
