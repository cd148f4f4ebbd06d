# shellcheck shell=bash
# Asking a registry of images (OCI distribution specification 1.1) with nothing but curl. Needs say.sh and http.sh.
#
# IMAGE (gridosacr.azurecr.io/gridos); REGISTRY_REFRESH_TOKEN (of 'az acr login --expose-token', exchanged here), or
# REGISTRY_TOKEN (a bearer token of the registry, for this repository); REGISTRY_SCHEME (https)
# shellcheck disable=SC2154,SC2034 # shared with http.sh and with who sources this

image=${IMAGE:-gridosacr.azurecr.io/gridos}
registry=${image%%/*} repository=${image#*/}
readonly MANIFEST_TYPES='application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json,application/vnd.docker.distribution.manifest.list.v2+json,application/vnd.docker.distribution.manifest.v2+json'

sign_in() {
    registry_token=${REGISTRY_TOKEN:-}
    [ -n "${REGISTRY_REFRESH_TOKEN:-}" ] || return 0
    http '' --data-urlencode grant_type=refresh_token --data-urlencode "service=$registry" \
        --data-urlencode "scope=repository:$repository:pull,push" \
        --data-urlencode refresh_token@<(printf '%s' "$REGISTRY_REFRESH_TOKEN") "$(registry_url oauth2/token)" &&
        [ "$status" = 200 ] || fail 1 "$registry does not let the pipeline in: $(answered)"
    registry_token=$(jq --raw-output '.access_token' "$body")
}

registry_url() { printf '%s://%s/%s\n' "${REGISTRY_SCHEME:-https}" "$registry" "$1"; }

# The digest that a tag means, or nothing if there is no such tag. The manifest is then in $body, byte for byte.
digest_of() {
    http "$registry_token" --header "Accept: $MANIFEST_TYPES" "$(registry_url "v2/$repository/manifests/$1")" ||
        fail 1 "$registry does not answer"
    case $status in
        200) printf 'sha256:%s\n' "$(sha256sum "$body" | cut -d ' ' -f 1)" ;;
        404) ;;
        *) fail 1 "$registry does not show $repository:$1: $(answered)" ;;
    esac
}

# Gives what is in $body another tag: the same bytes, so the same digest.
put_tag() {
    local manifest type
    manifest=$(mktemp)
    cp "$body" "$manifest"
    type=$(jq --raw-output '.mediaType // "application/vnd.oci.image.manifest.v1+json"' "$manifest")
    http "$registry_token" --request PUT --header "Content-Type: $type" --data-binary "@$manifest" \
        "$(registry_url "v2/$repository/manifests/$1")" || fail 1 "$registry does not answer"
    rm -f "$manifest"
    [ "$status" = 201 ] || fail 1 "$registry does not take the tag $1: $(answered)"
}
