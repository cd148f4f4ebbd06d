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
exec docker run --rm --init --volume "$here/../../..:/src" --workdir /src --shm-size 1g --cap-add SYS_PTRACE \
    --env GIT_CONFIG_COUNT=1 --env GIT_CONFIG_KEY_0=safe.directory --env GIT_CONFIG_VALUE_0=/src \
    --env CI=true --env CARGO_INCREMENTAL=0 --env CARGO_TERM_COLOR=always \
    "${CONTAINER_IMAGE:-rust:1.95.0-bookworm}" "$@"
