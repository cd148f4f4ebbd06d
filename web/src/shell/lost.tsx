// The loss of the stream: nobody may take what stands below for the present.

import { link } from "../engine/stream";
import { span } from "../text/span";

export function LostBanner() {
  const { isLost, silent, wasLive, problem } = link.value;
  if (!isLost) return null;
  const since = wasLive ? `for ${span(silent)}` : "since this page was opened";
  return (
    <div class="banner lost" id="lost">
      <p role="alert">
        <strong>✕ NO LIVE DATA</strong> The engine is silent. Nothing below is live.
      </p>
      <p>
        {since}; trying again{problem ? ` (${problem})` : ""}
      </p>
    </div>
  );
}
