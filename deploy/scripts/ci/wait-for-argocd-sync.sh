#!/usr/bin/env bash
# Waits until Argo CD has taken an image over into the cluster: wait-for-argocd-sync.sh APPLICATION IMAGE
#
# IMAGE is a part of the image's name that only the new one has: a tag or a digest. Done when the application is Synced
# and runs pods of that image, and is not Degraded. It is not waited for Healthy: in a canary the application is
# Progressing or Suspended for half an hour, which monitor-rollout.sh follows.
#
# ARGOCD_SERVER (https://…), ARGOCD_TOKEN; CA_FILE (the only authorities of its certificate)
# SYNC_SECONDS_MAX (600), POLL_SECONDS (10), SYNC_COMMIT (the commit that must be synced or be tried)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=deploy/scripts/ci/lib/http.sh
source "$here/lib/http.sh"
# shellcheck source=deploy/scripts/ci/lib/argocd.sh
source "$here/lib/argocd.sh"

main() {
    [ $# -eq 2 ] || usage
    application=$1 image=$2
    need curl jq
    need_variable ARGOCD_SERVER ARGOCD_TOKEN
    local limit=${SYNC_SECONDS_MAX:-600} degraded=0
    # The first question has it look at Git now, and not when it would anyway.
    local refresh='?refresh=normal'
    say "waiting for $image at $(argocd_link "$application")"
    SECONDS=0
    while true; do
        if argocd "applications/$application$refresh"; then
            refresh=
            look
            fail_if_refused
            if [ "$sync/$has_image" = Synced/true ]; then
                # Health is judged after the sync: one look may still see what was there before.
                [ "$health" = Degraded ] && degraded=$((degraded + 1)) || degraded=0
                [ "$degraded" -lt 2 ] || fail 1 "$application has $image and is Degraded: $message"
                [ "$degraded" -gt 0 ] || break
            fi
            trouble="it is $sync and $health, and $([ "$has_image" = true ] && echo has || echo 'has not') $image"
        fi
        [ "$SECONDS" -lt "$limit" ] || fail 1 "$application did not take $image within $limit s: $trouble"
        say "$SECONDS s: $trouble"
        sleep "${POLL_SECONDS:-10}"
    done
    say "$application is Synced and has $image ($health)"
}

look() {
    read -r sync health has_image < <(jq --raw-output --arg image "$image" '[
        .status.sync.status // "Unknown", .status.health.status // "Unknown",
        ([.status.summary.images[]? | strings | select(endswith(":" + $image) or endswith("@" + $image))] | length > 0)
    ] | map(tostring | gsub("\\s"; "_")) | join(" ")' "$body")
    message=$(one_line "$(jq --raw-output '.status.health.message // "no reason is told"' "$body")")
}

# A sync of this very commit that was tried and did not succeed does not succeed by waiting.
fail_if_refused() {
    local refused
    refused=$(jq --raw-output --arg commit "${SYNC_COMMIT:-}" '
        .status.operationState
        | select(.phase == "Failed" or .phase == "Error")
        | select($commit != "" and .syncResult.revision == $commit)
        | .message // "no reason is told"' "$body")
    [ -z "$refused" ] || fail 1 "Argo CD could not sync ${SYNC_COMMIT:-}: $refused"
}

main "$@"
