#!/usr/bin/env bash
# Looks whether an engine is there and well: smoke.sh URL
#
# Each of /health, /api/v1/scada/status and /metrics may be tried 5 times, 10 s apart. Nothing is changed.
#
# GRIDOS_TOKEN (role viewer, where access is on), CA_FILE (the only authorities of its certificate)
# SMOKE_TRIES (5), SMOKE_SECONDS (10, between tries), EXPECTED_VERSION (what the status must tell)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=deploy/scripts/ci/lib/http.sh
source "$here/lib/http.sh"

main() {
    [ $# -eq 1 ] || usage
    url=${1%/}
    need curl jq
    local failed=0
    check health /health is_well || failed=1
    check status /api/v1/scada/status is_status || failed=1
    check metrics /metrics are_metrics || failed=1
    [ "$failed" = 0 ] || fail 1 "$url is not well"
    say "$url is well"
}

# check NAME PATH IS_RIGHT
check() {
    local try tries=${SMOKE_TRIES:-5}
    for ((try = 1; try <= tries; try++)); do
        if http "${GRIDOS_TOKEN:-}" "$url$2" && [ "$status" = 200 ] && "$3"; then
            say "$1: well"
            return
        fi
        say "$1: not well at try $try of $tries: $(answered)"
        [ "$try" = "$tries" ] || sleep "${SMOKE_SECONDS:-10}"
    done
    return 1
}

is_well() { holds '.live == true and .ready == true'; }

is_status() {
    # shellcheck disable=SC2016 # $version is jq's
    holds '.live == true and .ready == true and (.ledger | type) == "object" and ($version == "" or .version == $version)' \
        --arg version "${EXPECTED_VERSION:-}"
}

are_metrics() {
    grep -q '^gridos_build_info{' "$body" && grep -q '^gridos_readings_received_total' "$body"
}

main "$@"
