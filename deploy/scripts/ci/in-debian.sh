#!/usr/bin/env bash
# Runs a command on a clean Debian with the toolchain of this project: in-debian.sh COMMAND…
#
# The tests install packages of Debian 12, and run what strangers wrote (build scripts, packages): in a container that
# has nothing of the environment but what is named here, so that no token of the pipeline is within their reach.
#
# CONTAINER_IMAGE (rust:1.95.0-bookworm)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
[ $# -gt 0 ] || usage
need docker
# The files belong to the runner's user, and here is root: git must be told that it may trust them. In the configuration of the
# container's user, because a clone's other side takes none over from the environment; with .git, because that is what it looks at.
# shellcheck disable=SC2016 # the shell of the container expands it
readonly TRUST='git config --global --add safe.directory /src
git config --global --add safe.directory /src/.git
exec "$@"'
exec docker run --rm --init --volume "$here/../../..:/src" --workdir /src --shm-size 1g --cap-add SYS_PTRACE \
    --env CI=true --env GITHUB_ACTIONS --env CARGO_INCREMENTAL=0 --env CARGO_TERM_COLOR=always \
    "${CONTAINER_IMAGE:-rust:1.95.0-bookworm}" sh -ec "$TRUST" sh "$@"
