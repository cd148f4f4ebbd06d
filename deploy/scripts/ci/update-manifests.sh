#!/usr/bin/env bash
# Puts an image into an environment's overlay, commits and pushes:
#
#   update-manifests.sh ENVIRONMENT TAG
#   update-manifests.sh ENVIRONMENT TAG sha256:…   the overlay gets the digest, the commit names the tag
#
# Run it in a clone whose remote may be pushed to. SOURCE_COMMIT: what the image was built of, for the record.
# MANIFEST_BRANCH (main), MANIFEST_REMOTE (origin), MANIFEST_TOKEN (to push with), PUSH_TRIES (8)
#
# Results: changed (true or false), commit, previous (the image that stood there before).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=deploy/scripts/ci/lib/overlay.sh
source "$here/lib/overlay.sh"
# shellcheck source=deploy/scripts/ci/lib/manifests.sh
source "$here/lib/manifests.sh"

main() {
    [ $# -eq 2 ] || [ $# -eq 3 ] || usage
    environment=$1 tag=$2 image=${3:-$2}
    [[ $environment =~ ^(dev|test|prod)$ ]] || fail 2 "no environment '$environment': dev, test or prod"
    is_tag "$tag" || fail 2 "'$tag' is no tag of an image"
    [ $# -eq 2 ] || is_digest "$image" || fail 2 "'$image' is no digest of an image (sha256: and 64 hexadecimal digits)"
    [ "$environment" != prod ] || is_digest "$image" || fail 2 "prod takes a digest only: what was tested, not what a tag says by then"
    need git awk
    open_manifests
    changed=false
    change_manifests put_image
    result changed "$changed"
    result commit "$(git -C "$work" rev-parse HEAD)"
    result previous "$previous"
}

put_image() {
    local file
    file=$work/$(overlay_of "$environment")
    [ -f "$file" ] || fail 1 "$BRANCH has no $(overlay_of "$environment")"
    previous=$(overlay_image "$file")
    if [ "$previous" = "$image" ]; then
        changed=false
        say "$environment has $image already"
        return
    fi
    set_overlay_image "$file" "$image"
    commit_manifests --message "chore: update gridos $environment image to $tag" \
        --message "$(printf 'Image: %s\nPrevious-Image: %s\n%s' "$image" "$previous" "${SOURCE_COMMIT:+Source-Commit: $SOURCE_COMMIT}")"
    changed=true
    say "$environment: $previous → $image"
}

main "$@"
