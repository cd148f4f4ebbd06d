# shellcheck shell=bash
# How the scripts of the delivery speak: for people on the error output, results on the standard output.

say() { printf '%s\n' "$*" >&2; }

# What a person should look at, though it goes on; GitHub shows it at the run.
warn() {
    if [ "${GITHUB_ACTIONS:-}" = true ]; then say "::warning::$(one_line "$*")"; else say "warning: $*"; fi
}

# Ends the script. Codes: 1 what was looked at is not well, 2 it was called wrongly or lacks something.
fail() {
    local code=$1
    shift
    if [ "${GITHUB_ACTIONS:-}" = true ]; then say "::error::$(one_line "$*")"; else say "failed: $*"; fi
    exit "$code"
}

# Foreign text on one line: a line of it could be a command to the runner.
one_line() { printf '%s' "$*" | tr '\000-\037' ' '; }

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || fail 2 "$tool is not installed, and this script needs it"
    done
}

need_variable() {
    local name
    for name in "$@"; do
        [ -n "${!name:-}" ] || fail 2 "the variable $name is not set; see the head of $(basename "$0")"
    done
}

# A result: NAME=VALUE on the standard output, and for the steps after this one in a workflow.
result() {
    printf '%s=%s\n' "$1" "$(one_line "$2")" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
}

usage() {
    # The comment at the head of the script, up to its first line of code.
    sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0" >&2
    exit 2
}
