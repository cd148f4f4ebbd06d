#!/usr/bin/env bash
# Runs a command with GRIDOS_TOKEN, a token that the engine believes: with-token.sh COMMAND…
#
# The identity that is signed in to Azure gets it, for an hour; it has the application roles that it needs (GridOS.Viewer,
# GridOS.Engineer), and nothing is stored anywhere. Where access is off (no GRIDOS_AUDIENCE) the command runs without one.
#
# GRIDOS_AUDIENCE (the application's ID, as [access.oidc] has it)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
[ $# -gt 0 ] || usage

if [ -n "${GRIDOS_AUDIENCE:-}" ]; then
    need az
    GRIDOS_TOKEN=$(az account get-access-token --scope "$GRIDOS_AUDIENCE/.default" --query accessToken --output tsv) ||
        fail 1 "Azure gives no token for $GRIDOS_AUDIENCE: has this identity a role of the application?"
    [ "${GITHUB_ACTIONS:-}" != true ] || printf '::add-mask::%s\n' "$GRIDOS_TOKEN"
    export GRIDOS_TOKEN
fi
exec "$@"
