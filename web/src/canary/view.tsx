// The new version beside the one that runs: who of the fleet has which, and how many channels.

import { usePoll } from "../engine/poll";
import type { Fleet, FleetMember } from "../engine/shapes";
import { count, percent } from "../text/number";
import { plural } from "../text/words";
import { Compare } from "./compare";

const EVERY_MS = 2000;

export function CanaryView() {
  const { answer, problem, isStale } = usePoll<{ fleet?: Fleet | null }>(
    "/api/v1/scada/status",
    {},
    EVERY_MS,
  );
  return (
    <section aria-labelledby="canary-title">
      <h1 id="canary-title">Canary</h1>
      {problem !== null && <p class="nothing" role="alert">{problem}</p>}
      {answer !== null && (
        <div class={isStale ? "lost" : "live"}>
          {isStale && <p role="alert">The engine does not answer: this is how it was.</p>}
          {answer.fleet == null ? <Alone /> : <Shared fleet={answer.fleet} />}
        </div>
      )}
    </section>
  );
}

function Alone() {
  return (
    <>
      <p class="nothing">
        <span aria-hidden="true">○</span> No canary is running: this engine is alone.
      </p>
      <p>
        In a fleet, a new version is tried on a part of the devices, and shown here beside the one that
        runs. <code>gridos canary rehearse</code> shows how on one machine.
      </p>
    </>
  );
}

function Shared({ fleet }: { fleet: Fleet }) {
  const of = (role: string) => fleet.members.filter((member) => member.role === role);
  const canary = of("canary");
  const held = channels(canary);
  return (
    <>
      <p class="nothing">
        <span aria-hidden="true">{canary.length > 0 ? "◐" : "○"}</span>{" "}
        {canary.length > 0
          ? `A canary has ${count(held)} of ${count(fleet.channels)} channels; ${percent(fleet.share_percent / 100)} are its share.`
          : "No canary is running: stable has all channels."}
      </p>
      {!fleet.reachable && (
        <p role="alert">✕ What the fleet shares cannot be reached; nobody takes anything new.</p>
      )}
      <table>
        <thead>
          <tr>
            <th scope="col">member</th>
            <th scope="col">role</th>
            <th scope="col">version</th>
            <th scope="col" class="number">channels</th>
          </tr>
        </thead>
        <tbody>
          {[...of("stable"), ...canary].map((member) => (
            <Row key={member.name} member={member} isThis={member.name === fleet.member} />
          ))}
        </tbody>
      </table>
      {canary.length > 0 && <Compare stable={of("stable")} canary={canary} />}
      <p>
        Whether the canary may go on is judged from Prometheus: <code>gridos canary judge</code> says
        it with its reasons.
      </p>
      {fleet.fences > 0 && (
        <p>
          This engine gave up all at once {count(fleet.fences)} {plural(fleet.fences, "time")}, for
          its lease was over.
        </p>
      )}
    </>
  );
}

function Row({ member, isThis }: { member: FleetMember; isThis: boolean }) {
  return (
    <tr>
      <th scope="row">
        {member.name}
        {isThis ? " (this one)" : ""}
        {member.leaving ? ", leaving" : ""}
      </th>
      <td>{member.role}</td>
      <td>{member.version}</td>
      <td class="number">{count(member.channels)}</td>
    </tr>
  );
}

function channels(members: FleetMember[]): number {
  return members.reduce((sum, member) => sum + member.channels, 0);
}
