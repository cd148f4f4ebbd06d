// Where readings are kept: the journal, and the database behind it.

import { past } from "../engine/live";
import type { Overview } from "../engine/shapes";
import { Spark } from "../parts/spark";
import { Figure, Tile } from "../parts/tile";
import { bytes } from "../text/number";
import { hours, span } from "../text/span";

import { autonomyIsLow, databaseTrouble } from "./verdict";

/** How long the engine can go on without its database. */
export function JournalTile({ journal }: { journal: Overview["journal"] }) {
  const trouble = autonomyIsLow(journal) ? `the journal is ${journal.rung}` : null;
  return (
    <Tile title="Autonomy of the journal" trouble={trouble}>
      <Figure text={hours(journal.autonomy_seconds)} />
      <Spark series={past.of("autonomy")} label="Autonomy" least={3600} />
      <p class="note live">
        {bytes(journal.room_bytes)} of room, {bytes(journal.bytes)} used
      </p>
    </Tile>
  );
}

export function StoreTile({ store }: { store: Overview["store"] }) {
  return (
    <Tile title="Database" trouble={databaseTrouble(store)}>
      <Figure text={store.connected ? "connected" : "away"} />
      <Spark series={past.of("backlog")} label="Backlog" least={1 << 20} />
      <p class="note live">
        {bytes(store.backlog_bytes)} behind
        {store.drain_seconds !== null && store.drain_seconds >= 1
          ? `, stored in ${span(store.drain_seconds)}`
          : ""}
      </p>
    </Tile>
  );
}
