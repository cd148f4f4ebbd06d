// The place where a new version is shown beside the one that runs.

export function CanaryView() {
  return (
    <section aria-labelledby="canary-title">
      <h1 id="canary-title">Canary</h1>
      <p class="nothing">
        <span aria-hidden="true">○</span> No canary is running.
      </p>
      <p>
        When a new version is tried on a part of the grid, it is compared here with the version that
        runs: readings, losses and latencies side by side, and the verdict.
      </p>
    </section>
  );
}
