#!/usr/bin/env bash
# Follows a canary to its end: monitor-rollout.sh APPLICATION IMAGE
#
# Done when the Rollout is Healthy with IMAGE (a tag or a digest) as its stable version. Paused and Progressing go on; an
# abort or Degraded fails, with what the failed AnalysisRun measured. A pause because too little is known
# (inconclusive) waits for a person, who promotes or aborts, until the time is over.
#
# ARGOCD_SERVER (https://…), ARGOCD_TOKEN; CA_FILE (the only authorities of its certificate)
# ROLLOUT (gridos), NAMESPACE (the application's destination), ROLLOUT_SECONDS_MAX (2700), POLL_SECONDS (15)
#
# Result: reason, if it failed.
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
    application=$1 image=$2 rollout=${ROLLOUT:-gridos} namespace=${NAMESPACE:-}
    need curl jq
    need_variable ARGOCD_SERVER ARGOCD_TOKEN
    local limit=${ROLLOUT_SECONDS_MAX:-2700} shown=
    say "following the Rollout $rollout at $(argocd_link "$application")"
    SECONDS=0
    while true; do
        if find_namespace && manifest Rollout "$rollout"; then
            look
            [ "$state" != over ] || break
            [ "$state" != failed ] || give_up "$rollout was rolled back: $told$(failed_analyses)"
            trouble="it stands at: $told"
        fi
        [ "$SECONDS" -lt "$limit" ] || give_up "$rollout did not come to an end within $limit s; $trouble"
        [ "$trouble" = "$shown" ] || say "$SECONDS s: $trouble"
        shown=$trouble
        sleep "${POLL_SECONDS:-15}"
    done
    say "$rollout is Healthy, and $image is stable ($SECONDS s)"
}

find_namespace() {
    [ -z "$namespace" ] || return 0
    argocd "applications/$application" || return 1
    namespace=$(jq --raw-output '.spec.destination.namespace // empty' "$body")
    [ -n "$namespace" ] || { trouble="$application names no namespace"; return 1; }
}

# The live object of a kind of Argo's, in $body.
manifest() {
    argocd "applications/$application/resource?namespace=$namespace&group=argoproj.io&version=v1alpha1&kind=$1&resourceName=$2" || return 1
    local object
    object=$(jq '.manifest | fromjson | select(type == "object")' "$body" 2>/dev/null) && [ -n "$object" ] || {
        trouble="Argo CD answers no manifest of $1 $2: $(answered)"
        return 1
    }
    printf '%s' "$object" >"$body"
}

# Sets $state (over, failed, going), $told and $version (the hash of the pods that are tried), from a Rollout.
look() {
    local seen
    seen=$(jq --raw-output --arg image "$image" '
        def observed: (.status.observedGeneration // "" | tostring) == (.metadata.generation | tostring);
        def ours: [.spec.template.spec.containers[]?.image | select(endswith(":" + $image) or endswith("@" + $image))] | length > 0;
        def step: "step \(.status.currentStepIndex // 0) of \(.spec.strategy.canary.steps // [] | length), weight \(.status.canary.weights.canary.weight // 0) %";
        def reasons: [.status.pauseConditions[]?.reason] | join(", ");
        def inconclusive: reasons | contains("Inconclusive");
        (.status.phase // "Unknown") as $phase
        | if ours | not then "going\tthe Rollout does not have the image yet"
          elif observed | not then "going\tthe controller has not seen the new Rollout yet"
          elif .status.abort == true or $phase == "Degraded" then "failed\t\(.status.message // "no reason is told") (\(step))"
          elif $phase == "Healthy" and .status.stableRS == .status.currentPodHash then "over\tHealthy"
          elif inconclusive then "going\tpaused, inconclusive: too little is known of the canary, so a person must promote or abort it (\(step))"
          else "going\t\($phase), \(step)" end' "$body" 2>/dev/null) ||
        seen=$'going\tArgo CD shows something that is no Rollout'
    IFS=$'\t' read -r state told <<<"$seen"
    version=$(jq --raw-output '.status.currentPodHash // empty' "$body" 2>/dev/null) || version=
    told=$(one_line "$told")
    if [[ $told == *inconclusive* && -z ${warned:-} ]]; then
        warn "$rollout: $told"
        warned=yes
    fi
}

# What the failed analyses of this version measured last; nothing if that cannot be had. Those of earlier ones are kept beside them.
failed_analyses() {
    local name
    argocd "applications/$application/resource-tree" || return 0
    while read -r name; do
        manifest AnalysisRun "$name" || continue
        jq --raw-output --arg name "$name" --arg version "$version" '
            select(.metadata.labels["rollouts-pod-template-hash"] == $version)
            | select(.status.phase == "Failed" or .status.phase == "Error")
            | "; AnalysisRun \($name) \(.status.phase): \(.status.message // "")"
            + ([.status.metricResults[]? | select(.phase == "Failed" or .phase == "Error")
                | " [\(.name): \(.message // .phase)\(.measurements // [] | last | if . == null then "" else ", measured \(.value // .message // "nothing")" end)]"] | join(""))' "$body" 2>/dev/null || true
    done < <(jq --raw-output '[.nodes[]? | select(.kind == "AnalysisRun")] | sort_by(.createdAt) | reverse | .[:10][].name' "$body" 2>/dev/null)
}

give_up() {
    result reason "$*"
    fail 1 "$*"
}

main "$@"
