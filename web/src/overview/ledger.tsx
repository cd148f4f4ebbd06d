// The ledger: every reading that came is somewhere.

import type { Ledger } from "../engine/shapes";
import { Tile } from "../parts/tile";
import { count } from "../text/number";
import { words } from "../text/words";

export function LedgerTile({ ledger }: { ledger: Ledger }) {
  const inFlight = ledger.in_ring + ledger.in_journal;
  return (
    <Tile title="Ledger" trouble={trouble(ledger)}>
      <p class="figure live">{ledger.balanced ? "balanced" : "off"}</p>
      <dl class="sums">
        <Sum name="received" number={ledger.received} />
        {ledger.carried_over > 0 ? <Sum name="carried over" number={ledger.carried_over} /> : null}
        <Sum name="stored" number={ledger.stored} />
        <Sum name="in flight" number={inFlight} />
        <Sum name="refused" number={ledger.refused} of={ledger.refused_by} />
        {ledger.quarantined > 0 ? <Sum name="quarantined" number={ledger.quarantined} /> : null}
        <Sum name="lost" number={ledger.lost} of={ledger.lost_by} />
      </dl>
    </Tile>
  );
}

function trouble(ledger: Ledger): string | null {
  if (!ledger.balanced) return `${count(ledger.unaccounted)} unaccounted for`;
  if (ledger.lost > 0) return `lost: ${reasons(ledger.lost_by)}`;
  return ledger.quarantined > 0 ? "refused by the database, kept in quarantine" : null;
}

function Sum({ name, number, of }: { name: string; number: number; of?: Record<string, number> }) {
  const why = of ? reasons(of) : "";
  return (
    <div>
      <dt>{name}</dt>
      <dd class="live">
        {count(number)}
        {why ? <small> {why}</small> : null}
      </dd>
    </div>
  );
}

function reasons(by: Record<string, number>): string {
  const some = Object.entries(by).filter(([, number]) => number > 0);
  return some.map(([reason, number]) => `${words(reason)} ${count(number)}`).join(", ");
}
