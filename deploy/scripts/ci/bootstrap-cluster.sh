#!/usr/bin/env bash
# Gives a new cluster what it needs to follow Git, and an old one what is new: bootstrap-cluster.sh ENVIRONMENT
#
# The cluster is the one that deploy/terraform made (outputs cluster_name and resource_group_name); who runs this is signed
# in to Azure and may administer it. What is installed is install-argocd.sh's business.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
[ $# -eq 1 ] || usage
need terraform az kubectl helm kubelogin

folder=$here/../../terraform/environments/$1
[ -d "$folder" ] || fail 2 "no environment '$1' in deploy/terraform/environments"
output() { terraform -chdir="$folder" output -raw "$1"; }
KUBECONFIG=$(mktemp)
export KUBECONFIG
trap 'rm -f "$KUBECONFIG"' EXIT
az aks get-credentials --resource-group "$(output resource_group_name)" --name "$(output cluster_name)" --file "$KUBECONFIG" --overwrite-existing
kubelogin convert-kubeconfig --login azurecli
"$here/../install-argocd.sh" "$1"
