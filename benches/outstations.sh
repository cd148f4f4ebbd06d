#!/usr/bin/env bash
# A fleet of outstations that are connected and have next to nothing to say, and one engine: what
# it takes.
#
#   benches/outstations.sh [OUTSTATIONS] [SECONDS]     10000 and 60 unless said otherwise
#   GRIDOS=path/to/gridos benches/outstations.sh       with a binary that is built already
#
# Outstations and engine are processes of their own on the same machine; run nothing beside them.
# Of the engine it tells all that it has resident, its points included; what a session alone takes,
# `cargo bench --bench events -- idle` tells.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly OUTSTATIONS=${1:-10000} SECONDS_MEASURED=${2:-60}
readonly PATIENCE=${PATIENCE:-120} PORT_BASE=20000 ADDRESS_BASE=10 FILES=65536
readonly API=127.0.0.1:18080
readonly BUILT=${GRIDOS:-} BINARY=${GRIDOS:-${CARGO_TARGET_DIR:-target}/release/gridos}
WORK=$(mktemp -d)
readonly WORK

main() {
    [ -n "$BUILT" ] || cargo build --release --locked --quiet
    ulimit -n "$FILES" 2>/dev/null || ulimit -n "$(ulimit -Hn)"
    trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$WORK"' EXIT
    simulate
    local alone together
    configure 1
    engine
    until_up 1
    alone=$(resident)
    kill "$ENGINE" && wait "$ENGINE" || true
    configure "$OUTSTATIONS"
    engine
    until_up "$OUTSTATIONS"
    sleep "$SECONDS_MEASURED"
    together=$(resident)
    report "$alone" "$together"
}

# An outstation takes two open files: as many processes as the limit asks for. Each makes an event
# every thousand seconds.
simulate() {
    local most=$((($(ulimit -n) - 1000) / 2)) first=0 count
    while [ "$first" -lt "$OUTSTATIONS" ]; do
        count=$((OUTSTATIONS - first < most ? OUTSTATIONS - first : most))
        "$BINARY" simulate dnp3 --outstations "$count" --port-base $((PORT_BASE + first)) \
            --first-address $((ADDRESS_BASE + first)) --events-per-second 0.001 \
            >"$WORK/outstations-$first.log" 2>&1 &
        until grep -qs 'Ctrl-C ends' "$WORK/outstations-$first.log"; do sleep 0.2; done
        first=$((first + count))
    done
}

# So many of the outstations, with the three points that each has.
configure() {
    rm -rf "$WORK/data"
    cat >"$WORK/fleet.toml" <<-'TOML'
	[engine]
	# For the worst: all of them with full memories of events, and batches on their way.
	memory_limit = "4GiB"
	[devices]
	csv = "fleet.csv"
	[[profile]]
	name = "counting"
	protocol = "dnp3"
	point = [{ name = "n_{n}", analog = "0..2" }]
	TOML
    awk -v count="$1" -v port="$PORT_BASE" -v address="$ADDRESS_BASE" 'BEGIN {
        print "name,address,outstation,profile"
        for (n = 0; n < count; n++)
            printf "rtu-%05d,127.0.0.1:%d,%d,counting\n", n, port + n, address + n
    }' >"$WORK/fleet.csv"
}

engine() {
    GRIDOS__HTTP__LISTEN=$API GRIDOS__ENGINE__DATA_DIR="$WORK/data" \
        "$BINARY" run "$WORK/fleet.toml" >"$WORK/engine.log" 2>&1 &
    ENGINE=$!
}

until_up() {
    local deadline=$((SECONDS + PATIENCE))
    until [ "$(metric gridos_dnp3_connections)" = "$1" ]; do
        kill -0 "$ENGINE" && [ "$SECONDS" -lt "$deadline" ] ||
            { tail -20 "$WORK/engine.log" >&2 && exit 1; }
        sleep 1
    done
}

metric() {
    curl -sf "http://$API/metrics" | awk -v name="$1" '$1 == name { print $NF }' || true
}

# KiB.
resident() {
    awk '/VmRSS/ { print $2 }' "/proc/$ENGINE/status"
}

report() {
    local ticks
    ticks=$(awk '{ print $14 + $15 }' "/proc/$ENGINE/stat")
    line() { printf '%-44s %10s   %s\n' "$@"; }
    line 'outstations' "$OUTSTATIONS" ''
    line 'resident memory, MiB' $(($2 / 1024)) "$(($1 / 1024)) with one outstation"
    line 'for each outstation with its points, KiB' \
        "$(awk "BEGIN { printf \"%.1f\", ($2 - $1) / $OUTSTATIONS }")" ''
    line 'CPU since the start, seconds' \
        "$(awk "BEGIN { printf \"%.1f\", $ticks / $(getconf CLK_TCK) }")" ''
    grep ERROR "$WORK/engine.log" | head -5 || true
}

main
