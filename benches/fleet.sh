#!/usr/bin/env bash
# A fleet of simulated devices, each read every second, by one engine: what it takes, and how
# late its scans are, beside the budgets.
#
#   benches/fleet.sh [DEVICES] [SECONDS]        10000 and 300 unless said otherwise
#   GRIDOS=path/to/gridos benches/fleet.sh      with a binary that is built already
#
# Devices and engine are processes of their own on the same machine; run nothing beside them.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly DEVICES=${1:-10000} SECONDS_MEASURED=${2:-300}
readonly WARM_UP=${WARM_UP:-20} PORT_BASE=20000 FILES=65536
readonly API=127.0.0.1:18080
readonly BUILT=${GRIDOS:-} BINARY=${GRIDOS:-${CARGO_TARGET_DIR:-target}/release/gridos}
WORK=$(mktemp -d)
readonly WORK

main() {
    [ -n "$BUILT" ] || cargo build --release --locked --quiet
    raise_files
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
    echo "$DEVICES devices every second for $SECONDS_MEASURED s, after $WARM_UP s to connect them"
    sleep "$WARM_UP"
    scrape before
    sleep "$SECONDS_MEASURED"
    scrape after
    report
}

# The limit that a shell starts with is often 1,024; the engine raises its own, up to the hard one.
raise_files() {
    ulimit -n "$FILES" 2>/dev/null || ulimit -n "$(ulimit -Hn)"
    [ "$(ulimit -n)" -ge $((DEVICES + 1000)) ] ||
        echo "warning: only $(ulimit -n) open files are allowed; $((DEVICES + 1000)) are needed" >&2
}

# A device takes two open files: as many processes as the limit asks for.
simulate() {
    local most=$((($(ulimit -n) - 1000) / 2)) first=0 count
    while [ "$first" -lt "$DEVICES" ]; do
        count=$((DEVICES - first < most ? DEVICES - first : most))
        "$BINARY" simulate modbus --devices "$count" --port-base $((PORT_BASE + first)) \
            --seed $((first + 1)) >"$WORK/devices-$first.log" 2>&1 &
        until grep -q 'Ctrl-C ends' "$WORK/devices-$first.log"; do
            kill -0 $! 2>/dev/null || { cat "$WORK/devices-$first.log" >&2 && exit 1; }
            sleep 0.2
        done
        first=$((first + count))
    done
}

# The example, with as many of its devices.
configure() {
    cp examples/fleet-10000.toml "$WORK/fleet.toml"
    head -n $((DEVICES + 1)) examples/fleet-10000.csv >"$WORK/fleet-10000.csv"
    sed -i 's/^disk_limit = .*/disk_limit = "8GiB"/' "$WORK/fleet.toml"
}

scrape() {
    curl -sf "http://$API/metrics" >"$WORK/$1.prom"
    # User and system time of the process in clock ticks.
    awk '{ print $14 + $15 }' "/proc/$ENGINE/stat" >"$WORK/$1.ticks"
}

# How much a metric without labels, or the sum over its labels, grew.
grown() {
    awk -v name="$1" '
        { split($1, metric, "{"); if (metric[1] == name) sum[FILENAME] += $NF }
        END { printf "%d", sum[ARGV[2]] - sum[ARGV[1]] }
    ' "$WORK/before.prom" "$WORK/after.prom"
}

# The bucket of a histogram, in milliseconds, below which this part of what it grew by lies.
percentile() {
    awk -v name="$1_bucket" -v part="$2" '
        { split($1, metric, "{") }
        metric[1] == name {
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
    ' "$WORK/before.prom" "$WORK/after.prom"
}

report() {
    local resident ticks
    resident=$(awk '/VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$ENGINE/status")
    ticks=$(($(cat "$WORK/after.ticks") - $(cat "$WORK/before.ticks")))
    line() { printf '%-28s %12s   %s\n' "$@"; }
    line 'resident memory, peak, MiB' "$resident" 'budget 256'
    line 'CPU, seconds' "$(awk "BEGIN { printf \"%.1f\", $ticks / $(getconf CLK_TCK) }")" "of $SECONDS_MEASURED on each of $(nproc) cores"
    line 'requests a second' "$(($(grown gridos_modbus_polls_total) / SECONDS_MEASURED))" ''
    line 'overruns' "$(grown gridos_modbus_overruns_total)" 'budget 0'
    for part in 0.5 0.9 0.99 0.999; do
        budget=''
        [ $part = 0.99 ] && budget='budget 50'
        line "lateness, p$part, ms, at most" "$(percentile gridos_scan_lateness_seconds $part)" "$budget"
    done
    line 'round trip, p0.99, ms' "$(percentile gridos_round_trip_seconds 0.99)" ''
    line 'timeouts' "$(grown gridos_modbus_timeouts_total)" ''
    line 'connections' "$(awk '$1 ~ /^gridos_modbus_connections([{]|$)/ { print $NF }' "$WORK/after.prom")" ''
    grep -E 'WARN|ERROR' "$WORK/engine.log" | head -5 || true
}

main
