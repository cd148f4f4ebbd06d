#!/usr/bin/env bash
# Runs the tests and measures which lines they reach: coverage.sh [FILE]
#
# Writes lcov to FILE (target/lcov.info) and fails below COVERAGE_MIN percent of lines (70). Needs cargo-llvm-cov and the
# LLVM tools: rustup's llvm-tools, or else those of Debian's llvm-19, which read the profiles of this compiler too.
#
# COVERAGE_MIN (70), COVERAGE_OF (what is measured: --workspace; -p CRATE to try it), COVERAGE_TESTS (--lib --bins --tests)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
cd "$here/../../.."

find_llvm() {
    local tools
    tools=$(rustc --print target-libdir)/../bin
    [ ! -x "$tools/llvm-cov" ] || return 0
    export LLVM_COV=${LLVM_COV:-/usr/bin/llvm-cov-19} LLVM_PROFDATA=${LLVM_PROFDATA:-/usr/bin/llvm-profdata-19}
    [ -x "$LLVM_COV" ] && [ -x "$LLVM_PROFDATA" ] ||
        fail 2 "there are no LLVM tools: rustup component add llvm-tools, or apt-get install llvm-19"
}

need cargo
cargo llvm-cov --version >/dev/null 2>&1 || fail 2 "cargo-llvm-cov is not installed: cargo install --locked cargo-llvm-cov"
find_llvm
file=${1:-target/lcov.info}
mkdir -p "$(dirname "$file")"
read -ra of <<<"${COVERAGE_OF:---workspace}"
read -ra tests <<<"${COVERAGE_TESTS:---lib --bins --tests}"
cargo llvm-cov "${of[@]}" "${tests[@]}" --locked --no-report
cargo llvm-cov report --lcov --output-path "$file"
cargo llvm-cov report --summary-only --fail-under-lines "${COVERAGE_MIN:-70}"
