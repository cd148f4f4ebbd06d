#!/usr/bin/env bash
# Names the source that an image is built of: source-id.sh [COMMIT]
#
# Two commits have the same name if all that goes into the image is the same, however they were merged, and whatever changed in
# overlays and documents. That is how a commit on main finds the image that its source was tested as.
#
# Result: source.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
need git sha256sum

# What the Dockerfile copies; a test holds it against this.
readonly INPUTS=(.dockerignore Cargo.lock Cargo.toml Dockerfile benches crates deploy/analysis deploy/rollout/steps.yaml
    rust-toolchain.toml)

entries=$(git ls-tree --full-tree "${1:-HEAD}" -- "${INPUTS[@]}")
[ "$(wc -l <<<"$entries")" = "${#INPUTS[@]}" ] || fail 2 "${1:-HEAD} has not all of: ${INPUTS[*]}"
result source "$(sha256sum <<<"$entries" | cut -c 1-16)"
