#!/usr/bin/env bash
# Gives a new cluster what it needs to follow Git, and an old one what is new: bootstrap-cluster.sh ENVIRONMENT
#
# The cluster is the one that deploy/terraform made, by its output 'environment'; who runs this is signed in to Azure and may
# administer it. What is installed is install-argocd.sh's business.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"

main() {
    [ $# -eq 1 ] || usage
    need terraform az jq kubectl helm kubelogin
    local folder=$here/../../terraform/environments/$1 made cluster group vault
    [ -d "$folder" ] || fail 2 "no environment '$1' in deploy/terraform/environments"
    made=$(terraform -chdir="$folder" output -json environment)
    cluster=$(jq --raw-output '.cluster_name // empty' <<<"$made")
    vault=$(jq --raw-output '.vault_name // empty' <<<"$made")
    [ -n "$cluster" ] && [ -n "$vault" ] || fail 1 "the state of $1 names no cluster and vault: was it applied?"
    group=$(az aks list --query "[?name=='$cluster'].resourceGroup | [0]" --output tsv)
    [ -n "$group" ] || fail 1 "there is no cluster '$cluster' in this subscription"
    KUBECONFIG=$(mktemp)
    export KUBECONFIG
    trap 'rm -f "$KUBECONFIG"' EXIT
    az aks get-credentials --resource-group "$group" --name "$cluster" --file "$KUBECONFIG" --overwrite-existing
    kubelogin convert-kubeconfig --login azurecli
    "$here/../install-argocd.sh" "$1" "$vault"
}

main "$@"
