#!/usr/bin/env bash
# Stores what the journals of pods that are gone still hold, and then removes their disks.
#
#   drain-journals.sh [NAMESPACE]        default gridos
#
# A journal belongs to its pod while there is one. When the pod goes for good, its disk stays (the class gridos-journal retains it,
# released) and belongs to whoever runs this: `gridos journal drain` stores all of it under the name of the engine that wrote it.
# Only a journal that has nothing left loses its disk. Run it as often as you like, one at a time.
# Needs kubectl for the cluster, with rights to volumes, claims and jobs, and jq.
set -euo pipefail

readonly CLASS=gridos-journal
readonly DRAIN_WITHIN=10min
readonly WAIT=900s
namespace="${1:-gridos}"
readonly namespace

main() {
    local volumes volume failed=0
    volumes=$(kubectl get persistentvolumes -o json | jq -r --arg class "$CLASS" --arg namespace "$namespace" '
        .items[]
        | select(.spec.storageClassName == $class and .spec.claimRef.namespace == $namespace)
        # Released, or taken by an earlier run that was cut off.
        | select(.status.phase == "Released" or .spec.claimRef.name == "drain-" + .metadata.name)
        | .metadata.name')
    for volume in $volumes; do
        drain "$volume" || failed=1
    done
    return "$failed"
}

# Stores what a volume holds and removes it. Each step is asked how it ended: where a function's own end is asked for, as above,
# bash goes on after a command that failed, and the disk must not go after anything that did.
drain() {
    local volume="$1" claim="drain-$1" engine image size list
    engine=$(owner_of "$volume") || return 1
    image=$(kubectl -n "$namespace" get rollout gridos -o json | jq -r '.spec.template.spec.containers[0].image // empty') || return 1
    size=$(size_of "$volume") || return 1
    if [ -z "$engine" ] || [ -z "$image" ] || [ -z "$size" ]; then
        echo "$volume: whose it was ('$engine'), the image of the Rollout ('$image') or its size ('$size') is not known; it stays" >&2
        return 1
    fi
    echo "$volume: the journal of $engine"
    kubectl annotate persistentvolume "$volume" "gridos.io/engine=$engine" --overwrite >/dev/null || return 1
    list=$(manifests "$volume" "$claim" "$engine" "$image" "$size") || return 1
    # A released volume remembers whose it was; the new claim takes its place.
    kubectl patch persistentvolume "$volume" --type=merge -p "$(claim_reference "$claim")" >/dev/null || return 1
    # One that failed was left so that its log could be read.
    kubectl -n "$namespace" delete job "$claim" --wait --ignore-not-found >/dev/null || return 1
    kubectl -n "$namespace" apply -f - <<<"$list" >/dev/null || return 1
    if ! kubectl -n "$namespace" wait --for=condition=Complete --timeout "$WAIT" "job/$claim"; then
        echo "$volume: not stored yet; it stays. See: kubectl -n $namespace logs job/$claim" >&2
        return 1
    fi
    kubectl -n "$namespace" delete job "$claim" --wait >/dev/null || return 1
    # Now, and only now, the disk may go with its claim.
    kubectl patch persistentvolume "$volume" --type=merge -p '{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}' >/dev/null || return 1
    kubectl -n "$namespace" delete persistentvolumeclaim "$claim" --wait=false >/dev/null || return 1
    echo "$volume: all is stored; the disk is removed"
}

# The engine is called as its pod, and its claim as the pod and the volume.
owner_of() {
    kubectl get persistentvolume "$1" -o json |
        jq -r '.metadata.annotations["gridos.io/engine"] // (.spec.claimRef.name // empty | sub("-journal$"; ""))'
}

claim_reference() {
    jq -n --arg namespace "$namespace" --arg name "$1" \
        '{spec: {claimRef: {apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: $namespace, name: $name, uid: null, resourceVersion: null}}}'
}

# The claim, and a job whose pod is like an engine's, but for the devices: it has none, and is in no fleet.
manifests() {
    local volume="$1" claim="$2" engine="$3" image="$4" size="$5" rollout
    rollout=$(kubectl -n "$namespace" get rollout gridos -o json) || return 1
    jq -n --argjson rollout "$rollout" --arg volume "$volume" --arg claim "$claim" --arg engine "$engine" --arg image "$image" \
        --arg class "$CLASS" --arg within "$DRAIN_WITHIN" --arg size "$size" '
        ($rollout.spec.template.spec) as $pod
        | ($pod.containers[0]) as $container
        | {apiVersion: "v1", kind: "List", items: [
            {apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: {name: $claim},
             spec: {accessModes: ["ReadWriteOncePod"], storageClassName: $class, volumeName: $volume,
                    resources: {requests: {storage: $size}}}},
            {apiVersion: "batch/v1", kind: "Job",
             metadata: {name: $claim, labels: {"app.kubernetes.io/name": "gridos", "app.kubernetes.io/component": "drain"}},
             spec: {backoffLimit: 3, template: {
                metadata: {labels: {"app.kubernetes.io/name": "gridos", "app.kubernetes.io/component": "drain"}},
                spec: ($pod
                  | {serviceAccountName, automountServiceAccountToken, enableServiceLinks, securityContext}
                  + {restartPolicy: "Never",
                     terminationGracePeriodSeconds: 180,
                     containers: [$container
                       | {name: "drain", image: $image, args: ["journal", "drain", "/etc/gridos/gridos.toml", "--within", $within],
                          envFrom, resources, securityContext}
                       + {env: [{name: "GRIDOS__ENGINE__NAME", value: $engine}],
                          volumeMounts: (.volumeMounts | map(select(.name != "podinfo")))}],
                     volumes: ($pod.volumes | map(select(.name == "config" or .name == "secrets"))
                       + [{name: "journal", persistentVolumeClaim: {claimName: $claim}}])})}}}]}'
}

size_of() {
    kubectl get persistentvolume "$1" -o json | jq -r '.spec.capacity.storage // empty'
}

main "$@"
