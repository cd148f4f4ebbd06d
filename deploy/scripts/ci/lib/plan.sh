# shellcheck shell=bash
# Plans of Terraform: made, told to people, and known again. Needs say.sh.

# keeps_assertions FOLDER: what its tests say holds of a plan, if it has any. Data is read from the cloud, and nothing is made.
keeps_assertions() {
    compgen -G "$1/tests/*.tftest.hcl" >/dev/null || return 0
    terraform -chdir="$1" init -input=false >&2
    terraform -chdir="$1" test >&2 || fail 1 "$1 is not what its tests say that it must be"
}

# make_plan FOLDER FILE: initialises and plans; false if nothing would change.
make_plan() {
    local code=0
    terraform -chdir="$1" init -input=false >&2
    terraform -chdir="$1" plan -input=false -lock-timeout=5m -detailed-exitcode -out="$2" >&2 || code=$?
    case $code in
        0) return 1 ;;
        2) return 0 ;;
        *) fail 1 "terraform could not plan $1 (its code is $code)" ;;
    esac
}

# What a plan would do, as one short name: two plans that would do the same have the same one.
fingerprint() {
    terraform -chdir="$1" show -json "$2" | jq --sort-keys --compact-output '{
        resources: [.resource_changes[]? | select(.change.actions != ["no-op"] and .change.actions != ["read"])
            | {address, actions: .change.actions, before: .change.before, after: .change.after, unknown: .change.after_unknown}] | sort_by(.address),
        outputs: (.output_changes // {} | map_values(.actions))
    }' | sha256sum | cut -d ' ' -f 1
}

# Resources that would be deleted, or made anew, a line each.
destroyed() {
    terraform -chdir="$1" show -json "$2" |
        jq --raw-output '.resource_changes[]? | select(.change.actions | index("delete")) | "\(.address) (\(.change.actions | join(", ")))"'
}
