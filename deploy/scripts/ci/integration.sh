#!/usr/bin/env bash
# Sends readings through an engine and looks whether they come out again: integration.sh URL
#
# Posts to one point, which must be of a device with protocol "push" and have a limit (see deploy/docs/TESTING_GUIDE.md);
# reads them back from the database; raises its alarm and lets it return; tries what its thresholds take. Ask the environments
# dev and test only: operators would be told of the alarm. All of it holds also if each request meets another replica.
#
# GRIDOS_TOKEN (role engineer, where access is on), CA_FILE (the only authorities of its certificate)
# INTEGRATION_POINT (integration-test.value), INTEGRATION_SECONDS_MAX (60, until what was sent must have come out), POLL_SECONDS (1)
# INTEGRATION_CHECKS: only these, such as "database metrics"
# INTEGRATION_CHANGE=1: also change a threshold and put it back; only where one engine answers all requests
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=deploy/scripts/ci/lib/http.sh
source "$here/lib/http.sh"

main() {
    [ $# -eq 1 ] || usage
    url=${1%/} point=${INTEGRATION_POINT:-integration-test.value} limit=${INTEGRATION_SECONDS_MAX:-60}
    alarm=$point:limit thresholds=/api/v1/alarms/thresholds/$point:limit
    need curl jq
    local failed=0 check
    for check in ${INTEGRATION_CHECKS:-database post_and_get_back metrics alarms thresholds alarm_raised_and_returned change_a_threshold}; do
        trouble=
        if "check_$check"; then
            say "$check: well"
        else
            say "$check: not well: ${trouble:-$(answered)}"
            failed=1
        fi
    done
    [ "$failed" = 0 ] || fail 1 "$url does not do all that it should"
    say "$url does what it should"
}

check_database() {
    get /api/v1/scada/status || return 1
    holds '.store.connected == true and .checks.database.status == "ok"'
}

# The history comes from the database, so this goes the whole way: journal, writer, tables, views.
check_post_and_get_back() {
    local value
    value=$(a_value)
    post_reading "$value" || return 1
    # shellcheck disable=SC2016 # $value is jq's
    soon "/api/v1/scada/data?point=$point&from=-10m&limit=1000" '[.. | objects | select(.value? == $value)] | length == 1' "$value"
}

check_metrics() {
    local series
    get /metrics || return 1
    for series in gridos_build_info gridos_readings_received_total gridos_readings_stored_total gridos_readings_lost_total \
        gridos_readings_unaccounted gridos_stage_seconds_bucket gridos_scans_total gridos_store_connected \
        gridos_alarms_active gridos_journal_autonomy_seconds; do
        grep -q "^${series}[{ ]" "$body" || { trouble="there is no series $series"; return 1; }
    done
}

check_alarms() {
    get '/api/v1/alarms?limit=1' && holds '.alarms | type == "array"' &&
        get /api/v1/alarms/summary && holds 'type == "object" and length > 0' &&
        get '/api/v1/alarms/metrics?from=-1h' && holds 'type == "object" and length > 0'
}

# Another limit is understood, and what makes no sense is refused; neither changes anything.
check_thresholds() {
    get "$thresholds" && holds '.definition.high | type == "number"' || return 1
    put "$thresholds?dry_run=1" '.definition.high += 1' && [ "$status" = 200 ] && holds '.changed == true' || return 1
    get "$thresholds" || return 1
    put "$thresholds?dry_run=1" '.definition.deadband = -1' || return 1
    [ "$status" = 422 ] || { trouble="a negative deadband is not refused: $(answered)"; return 1; }
}

# What happened to alarms is stored, so this is seen from every replica.
check_alarm_raised_and_returned() {
    local high
    get "$thresholds" && holds '.definition.high | type == "number"' || return 1
    high=$(jq '.definition.high' "$body")
    post_reading "$(jq --null-input "$high * 2 + 1")" && happened raised &&
        post_reading "$(a_value)" && happened returned
}

check_change_a_threshold() {
    [ -n "${INTEGRATION_CHANGE:-}" ] || return 0
    local before now
    get "$thresholds" || return 1
    before=$(jq '.definition.high' "$body")
    put "$thresholds" '.definition.high += 1' && [ "$status" = 200 ] && get "$thresholds" || return 1
    now=$(jq '.definition.high' "$body")
    put "$thresholds" '.definition.high -= 1' && [ "$status" = 200 ] && get "$thresholds" || return 1
    jq --exit-status --null-input "$now == $before + 1" >/dev/null || { trouble="the limit $before became $now, not one more"; return 1; }
    holds ".definition.high == $before"
}

get() { http "${GRIDOS_TOKEN:-}" "$url$1" && [ "$status" = 200 ]; }

# soon PATH FILTER VALUE: asked again until it holds.
soon() {
    local end=$((SECONDS + limit))
    until get "$1" && holds "$2" --argjson value "$3"; do
        [ "$SECONDS" -lt "$end" ] || { trouble="not within $limit s: $(answered)"; return 1; }
        sleep "${POLL_SECONDS:-1}"
    done
}

# That the alarm was raised, or returned to normal, since this script began.
happened() {
    soon "/api/v1/alarms/$alarm/history?from=$began&action=$1" '.records | length >= 1' null
}

# A value well below the limit that was posted by nobody before.
a_value() { printf '%d.%06d\n' $((RANDOM % 100)) $((RANDOM * 30 + RANDOM % 30)); }

post_reading() {
    # Not through a pipe: what http learns would stay in a shell of its own.
    http "${GRIDOS_TOKEN:-}" --header 'Content-Type: application/json' --data-binary @<(reading "$1") "$url/api/v1/scada/data" &&
        [ "$status" = 200 ] && holds '.accepted == 1'
}

# shellcheck disable=SC2016 # $point and $value are jq's
reading() { jq --null-input --arg point "$point" --argjson value "$1" '{readings: [{point: $point, value: $value}]}'; }

# put PATH FILTER: the definition of the last answer, changed by a filter; whatever is answered to it.
put() {
    local by='{by: "integration test"}'
    # Whoever has a token has a name already.
    [ -z "${GRIDOS_TOKEN:-}" ] || by='{}'
    jq "$2 | {definition, comment: \"integration test\"} + $by" "$body" >"$body.put"
    http "${GRIDOS_TOKEN:-}" --request PUT --header 'Content-Type: application/json' --header 'If-Match: *' \
        --data-binary "@$body.put" "$url$1" || { rm -f "$body.put"; return 1; }
    rm -f "$body.put"
}

began=$(date -u +%Y-%m-%dT%H:%M:%SZ)
main "$@"
