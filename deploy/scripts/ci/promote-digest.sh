#!/usr/bin/env bash
# Gives an image that is in the registry another tag, without building or copying anything:
#
#   promote-digest.sh FROM-TAG TO-TAG
#
# What was tested goes on, and not what would be built of the same source later. A tag that is there already must mean the
# same image: versions are not moved. With MOVE=1 it may mean another.
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
# shellcheck source=deploy/scripts/ci/lib/overlay.sh
source "$here/lib/overlay.sh"
# shellcheck source=deploy/scripts/ci/lib/registry.sh
source "$here/lib/registry.sh"

main() {
    [ $# -eq 2 ] || usage
    local from=$1 to=$2 digest there
    is_tag "$from" || is_digest "$from" || fail 2 "'$from' is neither a tag nor a digest"
    is_tag "$to" || fail 2 "'$to' is no tag of an image"
    need curl jq sha256sum
    sign_in
    there=$(digest_of "$to")
    digest=$(digest_of "$from")
    [ -n "$digest" ] || fail 1 "there is no $image:$from; has this source passed the tests of the environment 'test'?"
    if [ "$there" != "$digest" ]; then
        [ -z "$there" ] || [ -n "${MOVE:-}" ] || fail 1 "$image:$to is $there already, and versions are not moved"
        put_tag "$to"
        [ "$(digest_of "$to")" = "$digest" ] || fail 1 "$image:$to is not $digest after it was tagged"
    fi
    say "$image:$to is $digest"
    result digest "$digest"
}

main "$@"
