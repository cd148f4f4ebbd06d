#!/usr/bin/env bash
# Pushes a local image as a tag, unless there is one already: push-image.sh LOCAL TAG
#
# A tag keeps its meaning: a run that is run again must not put another image in the place of the one that clusters run and
# tests have seen. What is there must be of the same commit, though: seven letters of it are in a tag, and two commits may
# share them. Docker is signed in to the registry.
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

# The commit that an image was built of, by its label.
revision_of() { docker image inspect --format '{{index .Config.Labels "org.opencontainers.image.revision"}}' "$1"; }

[ $# -eq 2 ] || usage
is_tag "$2" || fail 2 "'$2' is no tag of an image"
need curl jq sha256sum docker
sign_in
digest=$(digest_of "$2")
if [ -n "$digest" ]; then
    docker pull --quiet "$image@$digest" >&2
    there=$(revision_of "$image@$digest")
    ours=$(revision_of "$1")
    [ "$there" = "$ours" ] ||
        fail 1 "$image:$2 is there already, of another commit ($there, and not $ours): commit again, for example with --amend, so that the tag is another one"
    say "$image:$2 is there already, as $digest: not pushed again"
else
    docker tag "$1" "$image:$2" >&2
    docker push "$image:$2" >&2
    digest=$(digest_of "$2")
    [ -n "$digest" ] || fail 1 "$image:$2 is not there after it was pushed"
fi
result digest "$digest"
