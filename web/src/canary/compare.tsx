// Stable and the canary side by side: how they did in the last seconds, as the members say themselves.

import type { FleetMember, Percentiles } from "../engine/shapes";
import { milliseconds, portion } from "../text/number";

/** What is compared; of each role the slowest member, because percentiles do not add up. */
const ROWS: { title: string; of: (members: FleetMember[]) => string }[] = [
  ...latencies("wire → durable", (member) => member.lately?.durable),
  ...latencies("due → durable", (member) => member.lately?.due),
  ...latencies("wire → stored", (member) => member.lately?.stored),
  { title: "scans answered", of: (members) => portion(answered(members)) },
];

export function Compare({ stable, canary }: { stable: FleetMember[]; canary: FleetMember[] }) {
  return (
    <>
      <h2>Side by side</h2>
      <table>
        <caption>
          The last 20 seconds, the slowest member of each role. What is late from when it was due, and not
          from the wire, was asked late or answered slowly.
        </caption>
        <thead>
          <tr>
            <td />
            <th scope="col" class="number">stable</th>
            <th scope="col" class="number">canary</th>
          </tr>
        </thead>
        <tbody>
          {ROWS.map(({ title, of }) => (
            <tr key={title}>
              <th scope="row">{title}</th>
              <td class="number">{of(stable)}</td>
              <td class="number">{of(canary)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function latencies(title: string, of: (member: FleetMember) => Percentiles | undefined) {
  const parts = [
    ["p50", "p50_ms"],
    ["p95", "p95_ms"],
    ["p99", "p99_ms"],
  ] as const;
  return parts.map(([name, key]) => ({
    title: `${title}, ${name}`,
    of: (members: FleetMember[]) => milliseconds(slowest(members.map((one) => of(one)?.[key]))),
  }));
}

function slowest(latencies: (number | null | undefined)[]): number | null {
  const known = latencies.filter((latency) => typeof latency === "number");
  return known.length > 0 ? Math.max(...known) : null;
}

/** The share of all scans of the members that brought all their readings. */
function answered(members: FleetMember[]): number | null {
  let scans = 0;
  let good = 0;
  for (const { lately } of members) {
    scans += lately?.scans ?? 0;
    good += (lately?.answered_ratio ?? 0) * (lately?.scans ?? 0);
  }
  return scans > 0 ? good / scans : null;
}
