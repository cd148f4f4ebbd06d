#!/usr/bin/env bash
# Brings Argo Rollouts and Argo CD into a cluster, and the applications of an environment. Run it again at any time: what is there
# is brought up to date.
#
#   install-argocd.sh ENVIRONMENT VAULT
#
# ENVIRONMENT is dev, test or prod; VAULT is the Key Vault that holds the secrets slack-token, slack-webhook-url, grafana-admin-password,
# ingress-tls (PEM: key and certificates), http-authority (PEM), and, if the repository is private, repository-username and
# repository-password. Needs kubectl for the cluster, helm and az, each signed in. With --dry-run before ENVIRONMENT it shows what it
# would do to the cluster, and asks the vault nothing.
set -euo pipefail

readonly ARGO_CD_CHART=10.1.1
readonly ARGO_ROLLOUTS_CHART=2.41.0
readonly REPOSITORY=https://argoproj.github.io/argo-helm
readonly WAIT=300s
deploy=$(cd "$(dirname "$0")/.." && pwd)
readonly deploy
dry_run=

main() {
    if [ "${1:-}" = --dry-run ]; then
        dry_run=yes
        shift
    fi
    [ $# -eq 2 ] || usage
    local environment="$1" vault="$2"
    case "$environment" in dev | test | prod) ;; *) usage ;; esac
    need kubectl helm
    [ -n "$dry_run" ] || need az

    namespaces
    addresses "$environment"
    secrets "$vault"
    charts "$environment"
    everything_is_up
    applications "$environment"
}

usage() {
    echo "usage: install-argocd.sh [--dry-run] dev|test|prod VAULT" >&2
    exit 2
}

need() {
    local program
    for program; do
        command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 1; }
    done
}

# Runs a command, or only shows it.
do_() {
    if [ -n "$dry_run" ]; then printf 'would run: %s\n' "$*"; else "$@"; fi
}

# Applies what comes over the input, or only says so: it may be secret.
apply_() {
    if [ -n "$dry_run" ]; then cat >/dev/null; else kubectl apply --server-side --force-conflicts -f -; fi
}

namespaces() {
    local name
    for name in argocd argo-rollouts monitoring gridos aks-istio-ingress; do
        say "namespace $name"
        if [ -z "$dry_run" ]; then kubectl create namespace "$name" --dry-run=client -o yaml | apply_; fi
    done
}

# The internal load balancers are where Application Gateway and the field look for them: the output ingress_addresses of Terraform.
addresses() {
    local network
    case "$1" in dev) network=10.10 ;; test) network=10.20 ;; prod) network=10.30 ;; esac
    do_ kubectl -n aks-istio-ingress annotate --overwrite service aks-istio-ingressgateway-internal \
        "service.beta.kubernetes.io/azure-load-balancer-ipv4=$network.20.4" \
        service.beta.kubernetes.io/azure-load-balancer-internal-subnet=ingress
}

# Values go through pipes and files of this process alone: never into arguments, which every user of the machine can see.
secrets() {
    local vault="$1" work
    work=$(mktemp -d)
    # shellcheck disable=SC2064 # The folder of now.
    trap "rm -rf '$work'" EXIT
    chmod 700 "$work"
    for name in slack-token slack-webhook-url grafana-admin-password ingress-tls http-authority; do
        fetched "$vault" "$name" "$work/$name"
    done
    printf admin >"$work/grafana-admin-user"
    # Its certificates and its key, which may stand in one file.
    sed -n '/BEGIN .*PRIVATE KEY/,/END .*PRIVATE KEY/p' "$work/ingress-tls" >"$work/tls.key"
    sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' "$work/ingress-tls" >"$work/tls.crt"

    secret argocd argocd-notifications-secret --from-file=slack-token="$work/slack-token"
    secret argo-rollouts argo-rollouts-notification-secret --from-file=slack-token="$work/slack-token"
    secret monitoring slack-webhook --from-file=url="$work/slack-webhook-url"
    secret monitoring grafana-admin --from-file=admin-user="$work/grafana-admin-user" \
        --from-file=admin-password="$work/grafana-admin-password"
    secret aks-istio-ingress gridos-ingress-tls --from-file=tls.crt="$work/tls.crt" --from-file=tls.key="$work/tls.key"
    secret aks-istio-ingress gridos-authority --from-file=ca.crt="$work/http-authority"
    # Prometheus needs the same certificate of the authority; it is not secret.
    say "configmap gridos/gridos-authority"
    if [ -z "$dry_run" ]; then
        kubectl -n gridos create configmap gridos-authority --from-file=ca.crt="$work/http-authority" \
            --dry-run=client -o yaml | apply_
    fi
    private_repository "$vault" "$work"
    rm -rf "$work"
}

# One secret of the vault in a file, without the line break at its end.
fetched() {
    local vault="$1" name="$2" file="$3"
    if [ -n "$dry_run" ]; then
        printf 'dry run' >"$file"
        return
    fi
    local value
    value=$(az keyvault secret show --vault-name "$vault" --name "$name" --query value --output tsv)
    [ -n "$value" ] || { echo "the secret $name of $vault is empty" >&2; exit 1; }
    # Of the shell itself: no other process sees it among its arguments.
    printf %s "$value" >"$file"
}

secret() {
    local namespace="$1" name="$2"
    shift 2
    say "secret $namespace/$name"
    if [ -z "$dry_run" ]; then
        kubectl -n "$namespace" create secret generic "$name" "$@" --dry-run=client -o yaml | apply_
    fi
}

# Credentials for the repository, if the vault has any; a public one needs none.
private_repository() {
    local vault="$1" work="$2"
    [ -z "$dry_run" ] || return 0
    if ! az keyvault secret show --vault-name "$vault" --name repository-username --output none 2>"$work/refused"; then
        grep -q SecretNotFound "$work/refused" && return
        cat "$work/refused" >&2
        exit 1
    fi
    fetched "$vault" repository-username "$work/username"
    fetched "$vault" repository-password "$work/password"
    printf https://github.com/example >"$work/url"
    printf git >"$work/type"
    secret argocd gridos-repository-credentials --from-file=url="$work/url" --from-file=type="$work/type" \
        --from-file=username="$work/username" --from-file=password="$work/password"
    kubectl -n argocd label secret gridos-repository-credentials argocd.argoproj.io/secret-type=repo-creds --overwrite
}

charts() {
    local host
    host="argocd.$(host_of "$1")"
    do_ helm repo add argo "$REPOSITORY" --force-update
    do_ helm repo update argo
    do_ helm upgrade --install argo-rollouts argo/argo-rollouts --version "$ARGO_ROLLOUTS_CHART" --namespace argo-rollouts \
        --values "$deploy/argocd/helm-values/argo-rollouts-values.yaml" --wait --timeout "$WAIT"
    do_ helm upgrade --install argocd argo/argo-cd --version "$ARGO_CD_CHART" --namespace argocd \
        --values "$deploy/argocd/helm-values/argocd-values.yaml" --set "global.domain=$host" \
        --set "notifications.argocdUrl=https://$host" --wait --timeout "$WAIT"
}

# The public host of GridOS in an environment.
host_of() {
    case "$1" in prod) echo gridos.example.com ;; *) echo "gridos.$1.example.com" ;; esac
}

# All of them, not only the server.
everything_is_up() {
    do_ kubectl -n argocd rollout status --timeout "$WAIT" deployment/argocd-server
    do_ kubectl -n argocd rollout status --timeout "$WAIT" deployment/argocd-repo-server
    do_ kubectl -n argocd rollout status --timeout "$WAIT" deployment/argocd-redis
    do_ kubectl -n argocd rollout status --timeout "$WAIT" deployment/argocd-notifications-controller
    do_ kubectl -n argocd rollout status --timeout "$WAIT" deployment/argocd-applicationset-controller
    do_ kubectl -n argocd rollout status --timeout "$WAIT" statefulset/argocd-application-controller
    do_ kubectl -n argo-rollouts rollout status --timeout "$WAIT" deployment/argo-rollouts
    do_ kubectl wait --for=condition=Established --timeout "$WAIT" \
        crd/rollouts.argoproj.io crd/applications.argoproj.io crd/appprojects.argoproj.io
}

# Projects before what is in them; the root application brings the rest.
applications() {
    do_ kubectl apply --server-side --force-conflicts -f "$deploy/argocd/projects"
    do_ kubectl apply --server-side --force-conflicts -f "$deploy/argocd/root/gridos-root-$1.yaml"
}

say() {
    printf '%s\n' "$1"
}

main "$@"
