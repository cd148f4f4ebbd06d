#!/usr/bin/env bash
# Takes back what update-manifests.sh put into an overlay, after its roll-out failed: the cluster has gone back by
# itself, and while Git still says otherwise the next sync of anything else would try the bad image again.
#
#   revert-after-abort.sh ENVIRONMENT COMMIT REASON…
#
# COMMIT is what update-manifests.sh told. Nothing is changed if somebody has put yet another image there since.
# MANIFEST_BRANCH (main), MANIFEST_REMOTE (origin), MANIFEST_TOKEN (to push with), PUSH_TRIES (8)
#
# Results: reverted (true or false), commit.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=deploy/scripts/ci/lib/overlay.sh
source "$here/lib/overlay.sh"
# shellcheck source=deploy/scripts/ci/lib/manifests.sh
source "$here/lib/manifests.sh"

main() {
    [ $# -ge 3 ] || usage
    environment=$1 bad_commit=$2
    shift 2
    reason=$(one_line "$*")
    need git awk
    open_manifests
    git cat-file -e "$bad_commit^{commit}" 2>/dev/null || fail 2 "no commit '$bad_commit' in this clone; it needs the whole history of $BRANCH"
    bad=$(image_at "$bad_commit")
    good=$(image_at "$bad_commit^")
    [ "$bad" != "$good" ] || fail 2 "$bad_commit did not change the image of $environment"
    reverted=false
    change_manifests take_back
    result reverted "$reverted"
    result commit "$(git -C "$work" rev-parse HEAD)"
}

# The image of the environment as a commit has it.
image_at() {
    local file
    file=$(mktemp)
    git show "$1:$(overlay_of "$environment")" >"$file"
    overlay_image "$file"
    rm -f "$file"
}

take_back() {
    local file now
    file=$work/$(overlay_of "$environment")
    now=$(overlay_image "$file")
    if [ "$now" != "$bad" ]; then
        reverted=false
        say "$environment has $now by now, no longer $bad: nothing to take back"
        return
    fi
    set_overlay_image "$file" "$good"
    commit_manifests --message "chore: revert gridos $environment image to $good" \
        --message "$(printf '%s\n\nThis takes back %s.' "$reason" "$bad_commit")"
    reverted=true
    say "$environment: $bad → $good"
}

main "$@"
