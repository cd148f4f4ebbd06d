#!/usr/bin/env bash
# Installs what coverage.sh needs on a machine that has a Rust toolchain only, and runs it: measure-coverage.sh [FILE]
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

"$here/../../../tests/run" install
rustup component add llvm-tools
cargo install --locked --quiet --version 0.9.1 cargo-llvm-cov
exec "$here/coverage.sh" "$@"
