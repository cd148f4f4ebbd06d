#!/usr/bin/env bash
# Builds the image of the engine from what is committed: build-image.sh NAME:TAG
#
# The same commit makes the same layers: dates are those of the commit, and nothing of this machine goes in.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
[ $# -eq 1 ] || usage
need docker git
cd "$here/../../.."

commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct HEAD)
export SOURCE_DATE_EPOCH
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
git archive --format=tar HEAD |
    docker buildx build --load --provenance=false --tag "$1" \
        --build-arg SOURCE_DATE_EPOCH --build-arg "REVISION=$commit" --build-arg "VERSION=$version" \
        --build-arg "SOURCE=$(git remote get-url origin 2>/dev/null | sed 's#://[^@/]*@#://#' || true)" \
        --file Dockerfile -
say "$1 is built of $commit"
