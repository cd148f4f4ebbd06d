#!/usr/bin/env bash
# Plans one environment and writes down what reviewers approve: terraform-plan.sh FOLDER OUTPUT-FOLDER
#
# What the environment must be, whatever is planned for it (tests/*.tftest.hcl), is looked at first. OUTPUT-FOLDER gets plan.txt (secrets are not shown in it) and fingerprint, by which terraform-apply.sh knows again that it
# does what was approved. The plan itself is not kept: it may hold secrets, and artefacts can be read by many.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=deploy/scripts/ci/lib/plan.sh
source "$here/lib/plan.sh"

main() {
    [ $# -eq 2 ] || usage
    local folder=$1 output=$2 plan
    need terraform jq sha256sum
    plan=$(mktemp)
    # shellcheck disable=SC2064 # the name is known now
    trap "rm -f '$plan'" EXIT
    mkdir -p "$output"
    keeps_assertions "$folder"
    if ! make_plan "$folder" "$plan"; then
        say "$folder is as it should be: nothing would change"
        echo nothing >"$output/fingerprint"
        echo 'Nothing would change.' >"$output/plan.txt"
        return
    fi
    terraform -chdir="$folder" show -no-color "$plan" >"$output/plan.txt"
    fingerprint "$folder" "$plan" >"$output/fingerprint"
    summarise "$folder" "$plan" "$output/plan.txt"
}

# shellcheck disable=SC2016 # what looks like commands is Markdown
summarise() {
    local gone
    gone=$(destroyed "$1" "$2")
    [ -z "$gone" ] || warn "$1: would be DESTROYED: $gone"
    {
        printf '### %s\n\n' "$1"
        [ -z "$gone" ] || printf '**Would be destroyed:**\n\n```text\n%s\n```\n\n' "$gone"
        printf '```text\n%s\n```\n' "$(grep -E '^(Plan:|  # )' "$3" || true)"
    } >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
    grep '^Plan:' "$3" >&2 || true
}

main "$@"
