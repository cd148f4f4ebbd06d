#!/usr/bin/env bash
# Applies to one environment what was approved, and nothing else: terraform-apply.sh FOLDER PLAN-FOLDER
#
# PLAN-FOLDER is what terraform-plan.sh wrote. It plans anew: if something would be done now that was not approved, because
# the cloud or the code is another one meanwhile, it stops.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=deploy/scripts/ci/lib/plan.sh
source "$here/lib/plan.sh"

main() {
    [ $# -eq 2 ] || usage
    local folder=$1 approved now=nothing plan
    need terraform jq sha256sum
    [ -f "$2/fingerprint" ] || fail 2 "$2 has no fingerprint: was it planned?"
    approved=$(<"$2/fingerprint")
    plan=$(mktemp)
    # shellcheck disable=SC2064 # the name is known now
    trap "rm -f '$plan'" EXIT
    ! make_plan "$folder" "$plan" || now=$(fingerprint "$folder" "$plan")
    if [ "$now" = nothing ]; then
        say "$folder is as it should be: nothing to do"
        return
    fi
    [ "$now" = "$approved" ] ||
        fail 1 "what would be done to $folder now is not what was approved ($approved, now $now): run the pipeline again, and read the new plan"
    terraform -chdir="$folder" apply -input=false -lock-timeout=5m "$plan" >&2
}

main "$@"
