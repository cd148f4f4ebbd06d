// How long a reading takes from the wire to where it matters.

import { past } from "../engine/live";
import type { Overview, StageName } from "../engine/shapes";
import { Spark } from "../parts/spark";
import { Tile } from "../parts/tile";
import { milliseconds } from "../text/number";

const STAGES: { name: StageName; title: string }[] = [
  { name: "alarm", title: "→ alarm" },
  { name: "durable", title: "→ durable" },
  { name: "stored", title: "→ stored" },
];

export function LatencyTile({ latency }: { latency: Overview["latency"] }) {
  return (
    <Tile title="Latency from the wire" wide>
      <table>
        <thead>
          <tr>
            <th scope="col">last 10 s</th>
            <th scope="col" class="number">p50</th>
            <th scope="col" class="number">p95</th>
            <th scope="col" class="number">p99</th>
            <th scope="col" class="trend">p99 as it moves</th>
          </tr>
        </thead>
        <tbody>
          {STAGES.map(({ name, title }) => (
            <tr key={name}>
              <th scope="row">{title}</th>
              <td class="number live">{milliseconds(latency[name].p50_ms)}</td>
              <td class="number live">{milliseconds(latency[name].p95_ms)}</td>
              <td class="number live">{milliseconds(latency[name].p99_ms)}</td>
              <td class="trend">
                <Spark series={past.of(name)} label={`p99 wire ${title}`} least={1} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Tile>
  );
}
