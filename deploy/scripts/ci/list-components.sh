#!/usr/bin/env bash
# Installs what sbom.sh needs on a Debian that has a Rust toolchain only, and runs it: list-components.sh [FILE]
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

apt-get update -qq
apt-get install -y -qq --no-install-recommends jq >/dev/null
cargo install --locked --quiet --version 0.5.9 cargo-cyclonedx
exec "$here/sbom.sh" "$@"
