#!/usr/bin/env bash
# Finds the image in the registry that a tag means now: tested-digest.sh TAG
#
# IMAGE (gridosacr.azurecr.io/gridos); REGISTRY_REFRESH_TOKEN (of 'az acr login --expose-token') or REGISTRY_TOKEN
#
# Result: digest.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=deploy/scripts/ci/lib/http.sh
source "$here/lib/http.sh"
# shellcheck source=deploy/scripts/ci/lib/registry.sh
source "$here/lib/registry.sh"

[ $# -eq 1 ] || usage
need curl jq sha256sum
sign_in
digest=$(digest_of "$1")
[ -n "$digest" ] || fail 1 "there is no $image:$1; a source goes to production after the tests of the environment 'test' only"
result digest "$digest"
