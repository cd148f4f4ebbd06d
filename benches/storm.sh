#!/usr/bin/env bash
# A storm over a fleet of simulated devices, each read every second: within ten seconds all of them
# trip, and every second one falls silent; a while later they come back. What it takes, how late
# alarms are beside the quiet time before, and whether all who follow them have the same table.
#
#   benches/storm.sh [DEVICES] [STORM SECONDS]      10000 and 60 unless said otherwise
#   GRIDOS=path/to/gridos benches/storm.sh          with a binary that is built already
#
# Devices and engine are processes of their own on the same machine; run nothing beside them.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly DEVICES=${1:-10000} STORM=${2:-60}
# Quiet from the end of the warm-up; the simulators' clocks run from their own start, which takes a
# few seconds for so many.
readonly WARM_UP=${WARM_UP:-30} QUIET=${QUIET:-60} PORT_BASE=20000 FILES=65536
readonly API=127.0.0.1:18080
readonly BUILT=${GRIDOS:-} BINARY=${GRIDOS:-${CARGO_TARGET_DIR:-target}/release/gridos}
WORK=$(mktemp -d)
readonly WORK

main() {
    [ -n "$BUILT" ] || cargo build --release --locked --quiet
    ulimit -n "$FILES" 2>/dev/null || ulimit -n "$(ulimit -Hn)"
    configure
    trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$WORK"' EXIT
    simulate
    GRIDOS__HTTP__LISTEN=$API GRIDOS__ENGINE__DATA_DIR="$WORK/data" \
        "$BINARY" run "$WORK/fleet.toml" >"$WORK/engine.log" 2>&1 &
    readonly ENGINE=$!
    until curl -sf "http://$API/health" >/dev/null; do
        kill -0 "$ENGINE" || { cat "$WORK/engine.log" >&2 && exit 1; }
        sleep 0.2
    done
    follow
    sleep "$WARM_UP"
    scrape start
    echo "$DEVICES devices: quiet for $QUIET s, then a storm of $STORM s"
    sleep_until $((STORM_AT - 2))
    scrape quiet
    settled
    scrape height
    sleep_until $((STORM_AT + STORM - 1))
    scrape out
    returned
    sleep 5
    scrape after
    report
    compare
}

# The example, with as many of its devices; a lost link is an alarm at once.
configure() {
    cp examples/fleet-10000.toml "$WORK/fleet.toml"
    head -n $((DEVICES + 1)) examples/fleet-10000.csv >"$WORK/fleet-10000.csv"
    sed -i 's/^disk_limit = .*/disk_limit = "8GiB"/' "$WORK/fleet.toml"
    sed -i 's/^scan = "fast".*/&\nlink_alarm = { on_delay = "2s" }/' "$WORK/fleet.toml"
}

# A device takes two open files: as many processes as the limit asks for, and one moment for all.
simulate() {
    local most=$((($(ulimit -n) - 1000) / 2)) first=0 count
    STORM_AT=$(($(date +%s) + WARM_UP + QUIET + 20))
    readonly STORM_AT
    while [ "$first" -lt "$DEVICES" ]; do
        count=$((DEVICES - first < most ? DEVICES - first : most))
        "$BINARY" simulate modbus --devices "$count" --port-base $((PORT_BASE + first)) \
            --seed $((first + 1)) --storm-after "$((STORM_AT - $(date +%s)))s" \
            --storm-for "${STORM}s" >"$WORK/devices-$first.log" 2>&1 &
        until grep -qs 'Ctrl-C ends' "$WORK/devices-$first.log"; do sleep 0.2; done
        first=$((first + count))
    done
}

sleep_until() {
    local left=$(($1 - $(date +%s)))
    [ "$left" -le 0 ] || sleep "$left"
}

# Three clients of the stream: one is steady, one takes 512 KiB a second, one is cut every 3 s.
follow() {
    local stream="http://$API/api/v1/alarms/stream"
    curl -sN "$stream" >"$WORK/steady.sse" &
    curl -sN --limit-rate 512K "$stream" >"$WORK/slow.sse" &
    until_over "$stream" &
}

until_over() {
    local last
    : >"$WORK/cut.sse"
    while [ ! -e "$WORK/over" ]; do
        last=$(tail -c 2000000 "$WORK/cut.sse" | whole | sed -n 's/^id: //p' | tail -n 1)
        curl -sN --max-time 3 -H "Last-Event-ID: $last" "$1" >>"$WORK/cut.sse" || true
        printf '\n--cut--\n\n' >>"$WORK/cut.sse"
    done
}

# The events that came whole, without what was cut off.
whole() {
    awk 'BEGIN { RS = ""; ORS = "\n\n" } !/--cut--/'
}

# Until the alarm of so many links is there. Nothing else is waited for: feeders have small incidents
# of their own all the time.
until_lost() {
    until [ "$(curl -sf "http://$API/api/v1/alarms?kind=link&active=true&limit=1" | jq .matching)" = "$1" ]; do sleep 0.5; done
}

settled() {
    until_lost $((DEVICES / 2))
    SETTLED=$(($(date +%s) - STORM_AT))
}

returned() {
    until_lost 0
    RETURNED=$(($(date +%s) - STORM_AT - STORM))
}

scrape() {
    curl -sf "http://$API/metrics" >"$WORK/$1.prom"
    awk '{ print $14 + $15 }' "/proc/$ENGINE/stat" >"$WORK/$1.ticks"
    awk '/VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$ENGINE/status" >"$WORK/$1.resident"
}

# Whether each client has the table that the engine shows, made as the stream promises.
compare() {
    local client kept sequence=''
    # Feeders go on having small incidents: all pages must be of one moment, and so must be what
    # the clients are compared at.
    until [ "$(wc -w <<<"$sequence")" = 1 ]; do
        pages >"$WORK/pages"
        sequence=$(jq .sequence "$WORK/pages" | sort -u)
    done
    jq -r '.alarms[] | "\(.id) \(.sequence) \(.state) \(.level)"' "$WORK/pages" | sort >"$WORK/table"
    # The slow one has time to come to the end.
    until [ "$(tail -c 100000 "$WORK/slow.sse" | whole | sed -n 's/^id: \([0-9]*\)-.*/\1/p' | tail -n 1)" -ge "$sequence" ]; do sleep 1; done
    sleep 4
    touch "$WORK/over"
    for client in steady slow cut; do
        whole <"$WORK/$client.sse" | sed -n 's/^data: //p' | jq -n -r --argjson last "$sequence" '
            reduce (inputs | select(.sequence <= $last)) as $event ({};
                if $event.alarms then
                    (if $event.part == 0 then {} else . end)
                    + ($event.alarms | map({ key: .id, value: "\(.sequence) \(.state) \(.level)" }) | from_entries)
                elif $event.after.state == "normal" then del(.[$event.id])
                else .[$event.id] = "\($event.sequence) \($event.after.state) \($event.after.level)" end)
            | to_entries[] | "\(.key) \(.value)"' | sort >"$WORK/$client.table"
        kept="other than the engine's"
        cmp -s "$WORK/table" "$WORK/$client.table" && kept="the engine's"
        line "table of client '$client'" "$(wc -l <"$WORK/$client.table")" \
            "$kept, from $(grep -c '"part":0' "$WORK/$client.sse") snapshots, $(grep -c '^event: record' "$WORK/$client.sse") records"
    done
}

pages() {
    local cursor='' page
    while page=$(curl -sf "http://$API/api/v1/alarms?sort=name&limit=10000$cursor"); do
        echo "$page"
        cursor=$(jq -r '.cursor // empty | "&cursor=\(@uri)"' <<<"$page")
        [ -n "$cursor" ] || break
    done
}

line() { printf '%-32s %12s   %s\n' "$@"; }

# How much a metric with this beginning grew between two scrapes.
grown() {
    awk -v name="$1" '
        index($0, name) == 1 { sum[FILENAME] += $NF }
        END { printf "%d", sum[ARGV[2]] - sum[ARGV[1]] }
    ' "$WORK/$2.prom" "$WORK/$3.prom"
}

# The bucket of a stage, in milliseconds, below which this part of what it grew by lies.
percentile() {
    awk -v name="gridos_stage_seconds_bucket{stage=\"$1\"" -v part="$2" '
        index($0, name) == 1 {
            match($0, /le="[^"]*"/); le = substr($0, RSTART + 4, RLENGTH - 5)
            if (!(le in seen)) { seen[le] = 1; order[++count] = le }
            sum[FILENAME, le] += $NF
        }
        END {
            total = sum[ARGV[2], "+Inf"] - sum[ARGV[1], "+Inf"]
            for (n = 1; n <= count; n++)
                if (sum[ARGV[2], order[n]] - sum[ARGV[1], order[n]] >= part * total) {
                    if (order[n] == "+Inf") print "more"; else printf "%g", order[n] * 1000
                    exit
                }
        }
    ' "$WORK/$3.prom" "$WORK/$4.prom"
}

report() {
    local spans='start:quiet quiet:height height:out out:after' span part
    line 'all told, s after the first trip' "$SETTLED" "all trip within 10, half fall silent, told when silent for 2"
    line 'all back, s after the first one' "$RETURNED" "of which all come back in 10, and are asked again within a minute"
    line 'resident memory, MiB, before' "$(cat "$WORK/quiet.resident")" ''
    line '  in the storm' "$(cat "$WORK/height.resident")" ''
    line '  after' "$(cat "$WORK/after.resident")" ''
    line '  peak' "$(awk '/VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$ENGINE/status")" ''
    for span in $spans; do
        set -- ${span/:/ }
        line "from $1 to $2" "$(grown gridos_alarm_records_total "$1" "$2")" \
            "records, $(grown gridos_alarm_annunciations_total "$1" "$2") annunciated"
        for part in 0.5 0.99 0.999; do
            line "  wire to alarm, p$part, ms" "$(percentile alarm $part "$1" "$2")" 'at most'
        done
        line '  CPU, s' "$(awk "BEGIN { printf \"%.1f\", ($(cat "$WORK/$2.ticks") - $(cat "$WORK/$1.ticks")) / $(getconf CLK_TCK) }")" ''
        line '  overruns' "$(grown gridos_modbus_overruns_total "$1" "$2")" ''
    done
    line 'records not kept' "$(grown gridos_alarms_unrecorded_total start after)" 'budget 0'
    grep -cE 'WARN|ERROR' "$WORK/engine.log" | xargs -I{} echo "{} lines of warnings in the log" || true
}

main
