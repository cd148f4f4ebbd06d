#!/usr/bin/env bash
# Writes what the engine is made of, as CycloneDX 1.5: sbom.sh [FILE] (target/gridos.cdx.json)
#
# Needs cargo-cyclonedx. Snyk reads it (snyk sbom test --file=FILE); it knows no Rust otherwise.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
cd "$here/../../.."

need cargo jq
cargo cyclonedx --version >/dev/null 2>&1 || fail 2 "cargo-cyclonedx is not installed: cargo install --locked cargo-cyclonedx"
file=${1:-target/gridos.cdx.json}
mkdir -p "$(dirname "$file")"
# It writes beside each manifest, whatever is asked.
trap 'find crates benches -name gridos-sbom.json -delete' EXIT
cargo cyclonedx --manifest-path crates/gridos/Cargo.toml --format json --spec-version 1.5 --override-filename gridos-sbom --all-features
mv crates/gridos/gridos-sbom.json "$file"
jq --exit-status '.bomFormat == "CycloneDX" and (.components | length) > 50' "$file" >/dev/null ||
    fail 1 "$file is no list of what the engine is made of"
say "$(jq '.components | length' "$file") components in $file"
