#!/usr/bin/env bash
# Ends well only if at least two people approved this run, none of them who started it: verify-approvals.sh
#
# An environment of GitHub is content with one of its reviewers, and one person may be in the teams of two. This asks
# who in fact approved, and so makes a rule for two of it.
#
# GITHUB_TOKEN (actions: read), GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_ACTOR, GITHUB_TRIGGERING_ACTOR: GitHub sets them
# but the first. GITHUB_API_URL (https://api.github.com), APPROVALS_MIN (2)
#
# Result: approvers.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=deploy/scripts/ci/lib/http.sh
source "$here/lib/http.sh"

[ $# -eq 0 ] || usage
need curl jq
need_variable GITHUB_TOKEN GITHUB_REPOSITORY GITHUB_RUN_ID GITHUB_ACTOR
minimum=${APPROVALS_MIN:-2}
http "$GITHUB_TOKEN" --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' \
    "${GITHUB_API_URL:-https://api.github.com}/repos/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID/approvals" &&
    [ "$status" = 200 ] || fail 1 "GitHub does not tell who approved: $(answered)"
approvers=$(jq --raw-output --arg actor "$GITHUB_ACTOR" --arg again "${GITHUB_TRIGGERING_ACTOR:-$GITHUB_ACTOR}" '
    [.[] | select(.state == "approved") | .user.login | strings
        | select(ascii_downcase != ($actor | ascii_downcase) and ascii_downcase != ($again | ascii_downcase))]
    | unique_by(ascii_downcase) | join(" ")' "$body") || fail 1 "GitHub answers something else than approvals: $(answered)"
count=$(wc -w <<<"$approvers")
result approvers "$approvers"
[ "$count" -ge "$minimum" ] ||
    fail 1 "approved by $count (${approvers:-nobody}) besides who started it; $minimum different people must"
say "approved by $approvers"
