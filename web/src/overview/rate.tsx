// How many readings come.

import { past } from "../engine/live";
import type { Overview } from "../engine/shapes";
import { Spark } from "../parts/spark";
import { Figure, Tile } from "../parts/tile";
import { count, rate } from "../text/number";

export function RateTile({ now }: { now: Overview }) {
  return (
    <Tile title="Readings per second">
      <Figure text={rate(now.readings_per_second)} unit="/s" />
      <Spark series={past.of("rate")} label="Readings per second" least={1} />
      <p class="note live">{count(now.ledger.received)} since the start</p>
    </Tile>
  );
}
