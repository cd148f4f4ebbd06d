#!/usr/bin/env bash
# Readings posted over HTTP by InfluxDB line protocol, NDJSON and JSON, 1,000 a post, over 16 connections:
# how many a second are durable, for that is when a post is answered, and how long one takes; beside what
# the journal alone allows, to which the same batches are appended without HTTP, in the same run.
#
#   benches/posts.sh [SECONDS]                  10 for each format unless said otherwise
#   GRIDOS=path/to/gridos benches/posts.sh      with a binary that is built already
#   JOURNAL=path/to/bench benches/posts.sh      with the bench `posts` that is built already
#
# wrk (Debian's package) and the engine share the machine; run nothing beside them.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly SECONDS_EACH=${1:-10} POINTS=100 READINGS=1000
readonly API=127.0.0.1:18081
readonly BUILT=${GRIDOS:-} BINARY=${GRIDOS:-${CARGO_TARGET_DIR:-target}/release/gridos}
WORK=$(mktemp -d)
readonly WORK

main() {
    [ -n "$BUILT" ] || cargo build --release --locked --quiet
    trap 'rm -rf "$WORK"' EXIT
    configure
    ALLOWED=$(journal)
    readonly ALLOWED
    bodies
    "$BINARY" run "$WORK/gridos.toml" >"$WORK/engine.log" 2>&1 &
    readonly ENGINE=$!
    trap 'kill $ENGINE 2>/dev/null || true; wait; rm -rf "$WORK"' EXIT
    until curl -sf "http://$API/health" >/dev/null; do
        kill -0 "$ENGINE" || { cat "$WORK/engine.log" >&2 && exit 1; }
        sleep 0.2
    done
    printf '%-8s %14s %8s %10s %10s %12s\n' format 'readings/s' share 'p50' 'p99' 'CPU s/M'
    printf '%-8s %14d %8s\n' journal "$ALLOWED" 1
    measure line text/plain
    measure ndjson application/x-ndjson
    measure json application/json
    curl -sf "http://$API/api/v1/scada/status" | grep -q '"balanced":true' ||
        { echo "the ledger is not balanced" >&2 && exit 1; }
}

# Readings a second that the journal alone takes, on the disk that the engine writes to.
journal() {
    if [ -n "${JOURNAL:-}" ]; then
        "$JOURNAL" "$SECONDS_EACH" "$WORK"
    else
        cargo bench --locked --quiet -p gridos-benches --bench posts -- "$SECONDS_EACH" "$WORK"
    fi
}

configure() {
    {
        printf '[engine]\ndata_dir = "%s/data"\n[http]\nlisten = "%s"\n' "$WORK" "$API"
        printf '[[profile]]\nname = "plant"\nprotocol = "push"\npoint = [\n'
        for ((n = 0; n < POINTS; n++)); do printf '    { name = "f%d" },\n' "$n"; done
        printf ']\n[[device]]\nname = "plant"\nprofile = "plant"\n'
    } >"$WORK/gridos.toml"
}

# The same readings in each format.
bodies() {
    awk -v points=$POINTS -v readings=$READINGS -v work="$WORK" 'BEGIN {
        for (n = 0; n < readings; n++) {
            field = sprintf("f%d=%d.25", n % points, n)
            line = line (n % points ? "," : (n ? "\n" : "") "plant ") field
            reading = sprintf("{\"point\":\"plant.f%d\",\"value\":%d.25}", n % points, n)
            ndjson = ndjson reading "\n"
            list = list (n ? "," : "") reading
        }
        print line > (work "/line")
        printf "%s", ndjson > (work "/ndjson")
        print "{\"readings\":[" list "]}" > (work "/json")
    }'
}

measure() {
    cat >"$WORK/post.lua" <<LUA
wrk.method = "POST"
wrk.headers["Content-Type"] = "$2"
wrk.body = io.open("$WORK/$1"):read("*a")
LUA
    local before after
    before=$(ticks)
    wrk -t2 -c16 -d"${SECONDS_EACH}s" --latency -s "$WORK/post.lua" \
        "http://$API/api/v1/scada/data" >"$WORK/$1.wrk"
    after=$(ticks)
    ! grep -q 'Non-2xx' "$WORK/$1.wrk" || { cat "$WORK/$1.wrk" >&2 && exit 1; }
    awk -v format="$1" -v readings=$READINGS -v allowed="$ALLOWED" -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" '
        /50%/ { p50 = $2 }
        /99%/ { p99 = $2 }
        /requests in/ { requests = $1 }
        /Requests\/sec/ {
            printf "%-8s %14d %8.2f %10s %10s %12.2f\n", format, $2 * readings,
                $2 * readings / allowed, p50, p99, ticks / hertz / (requests * readings / 1e6)
        }
    ' "$WORK/$1.wrk"
}

# User and system time of the engine.
ticks() {
    awk '{ print $14 + $15 }' "/proc/$ENGINE/stat"
}

main "$@"
