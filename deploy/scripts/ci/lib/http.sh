# shellcheck shell=bash
# Asking over HTTP with curl: the status in $status, the body in the file $body, and no secret on a command line.
# shellcheck disable=SC2034 # status is for who sources this

body=$(mktemp)
trap 'rm -f "$body"' EXIT
status=000

# http TOKEN ARGUMENTS-OF-CURL…: false if nobody answered; $status is then 000.
# CA_FILE: the only authorities that the other side's certificate may be of.
http() {
    local token=$1 options=(--silent --show-error --output "$body" --write-out '%{http_code}')
    shift
    options+=(--connect-timeout 10 --max-time "${HTTP_SECONDS_MAX:-30}")
    [ -z "${CA_FILE:-}" ] || options+=(--cacert "$CA_FILE")
    : >"$body"
    if [ -n "$token" ]; then
        status=$(curl "${options[@]}" --header @<(printf 'Authorization: Bearer %s\n' "$token") "$@") || { status=000; return 1; }
    else
        status=$(curl "${options[@]}" "$@") || { status=000; return 1; }
    fi
}

# holds FILTER ARGUMENTS-OF-JQ…: whether the last answer is one value of JSON of which the filter is true. Counted by
# --slurp, because jq 1.6 ends well with an empty file, whatever was asked.
holds() {
    local filter=$1
    shift
    jq --exit-status --slurp "$@" "length == 1 and (.[0] | $filter)" "$body" >/dev/null 2>&1
}

# The beginning of the last answer, for a person.
answered() { one_line "status $status, $(head -c 300 "$body")"; }
