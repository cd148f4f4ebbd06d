#!/usr/bin/env bash
# Asks Snyk about a list of components: snyk.sh FILE. Without SNYK_TOKEN nobody is asked, which is no failure.
#
# What fails the pipeline at any vulnerability is cargo deny (tests/run); Snyk is a second opinion, from high on.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
[ $# -eq 1 ] || usage

if [ -z "${SNYK_TOKEN:-}" ]; then
    say "Snyk is not asked: SNYK_TOKEN is not set"
    exit
fi
need npx
exec npx --yes snyk@1.1307.4 sbom test --experimental --severity-threshold=high --file="$1"
