# shellcheck shell=bash
# Committing to the branch that Argo CD follows, beside others who do the same. Needs say.sh and overlay.sh.
#
# MANIFEST_BRANCH (main), MANIFEST_REMOTE (origin), PUSH_TRIES (8), MANIFEST_TOKEN (to push with; else whatever the clone has)

readonly OVERLAYS=deploy/applications/gridos/overlays
readonly REMOTE=${MANIFEST_REMOTE:-origin} BRANCH=${MANIFEST_BRANCH:-main}

overlay_of() { printf '%s/%s/kustomization.yaml\n' "$OVERLAYS" "$1"; }

# The token reaches git by the environment alone: no file and no command line has it.
if [ -n "${MANIFEST_TOKEN:-}" ]; then
    export MANIFEST_TOKEN GIT_CONFIG_COUNT=2
    export GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0=
    # shellcheck disable=SC2016 # git's shell expands it
    export GIT_CONFIG_KEY_1=credential.helper GIT_CONFIG_VALUE_1='!f() { echo username=x-access-token; echo "password=$MANIFEST_TOKEN"; }; f'
fi

# A work tree of its own, so that the caller's is left as it is.
open_manifests() {
    work=$(mktemp -d)
    trap close_manifests EXIT
    git fetch --quiet "$REMOTE" "$BRANCH"
    git worktree add --quiet --force --detach "$work" FETCH_HEAD
}

close_manifests() {
    git worktree remove --force "$work" 2>/dev/null || rm -rf "$work"
}

# change_manifests MAKE ARGUMENTS…: MAKE edits and commits in $work, or leaves HEAD as it is. If somebody else pushed
# meanwhile, it is made anew on what they pushed: an edit of one line has no conflicts then, and overwrites nothing.
change_manifests() {
    local try before
    for ((try = 1; try <= ${PUSH_TRIES:-8}; try++)); do
        before=$(git -C "$work" rev-parse HEAD)
        "$@"
        [ "$(git -C "$work" rev-parse HEAD)" != "$before" ] || return 0
        git -C "$work" push --quiet "$REMOTE" "HEAD:refs/heads/$BRANCH" 2>"$work.push" && { rm -f "$work.push"; return 0; }
        git -C "$work" fetch --quiet "$REMOTE" "$BRANCH"
        if [ "$(git -C "$work" rev-parse FETCH_HEAD)" = "$before" ]; then
            fail 1 "the push to $BRANCH is refused, and not because of a race: $(one_line "$(cat "$work.push"; rm -f "$work.push")")"
        fi
        say "somebody else pushed to $BRANCH meanwhile; try $((try + 1))"
        git -C "$work" reset --quiet --hard FETCH_HEAD
        sleep "0.$RANDOM"
    done
    rm -f "$work.push"
    fail 1 "others pushed to $BRANCH each of ${PUSH_TRIES:-8} times; run this again"
}

commit_manifests() {
    git -C "$work" \
        -c user.name="${GIT_AUTHOR_NAME:-gridos delivery}" \
        -c user.email="${GIT_AUTHOR_EMAIL:-delivery@gridos.example.com}" \
        commit --quiet --all "$@"
}
