#!/usr/bin/env bash
# Tells what this run calls its image: tag-of-run.sh ENVIRONMENT
#
# test- and the first 7 of the commit in dev and test, v and the number of the run in prod; nothing elsewhere.
# GITHUB_SHA, GITHUB_RUN_NUMBER
#
# Result: tag.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
[ $# -eq 1 ] || usage
need_variable GITHUB_SHA GITHUB_RUN_NUMBER

case $1 in
    dev | test) result tag "test-${GITHUB_SHA:0:7}" ;;
    prod) result tag "v$GITHUB_RUN_NUMBER" ;;
    '') result tag '' ;;
    *) fail 2 "no environment '$1': dev, test or prod" ;;
esac
