"""What every pod must be: locked up, bounded, and of images that cannot change under their name."""

from .objects import containers, pod, workloads


def faults(objects: list[dict]) -> list[str]:
    """Everything that is wrong with the pods of all workloads."""
    found = []
    for workload in workloads(objects):
        name = f"{workload['kind']} {workload['metadata']['name']}"
        found += [f"{name}: {what}" for what in _pod(workload)]
        for container in containers(workload):
            found += [f"{name}/{container['name']}: {what}" for what in _container(container)]
    return found


def _pod(workload: dict):
    spec = pod(workload)
    context = spec.get("securityContext", {})
    if not context.get("runAsNonRoot") or not context.get("runAsUser", 0):
        yield "may run as root"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if spec.get("automountServiceAccountToken") is not False and spec.get("serviceAccountName") != "gridos-follower":
        yield "has a token of the API that it does not need"
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield f"has {key}"
    for volume in spec.get("volumes", []):
        if "hostPath" in volume:
            yield f"mounts {volume['hostPath']['path']} of the node"
        if "secret" in volume:
            yield f"has a Secret ({volume['name']}): secrets come from the Key Vault by the CSI driver"


def _container(container: dict):
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield "may gain privileges"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "may write to its root"
    if context.get("capabilities", {}).get("drop") != ["ALL"] or context.get("capabilities", {}).get("add"):
        yield "has capabilities"
    resources = container.get("resources", {})
    if "memory" not in resources.get("limits", {}) or not {"cpu", "memory"} <= resources.get("requests", {}).keys():
        yield "has no bounds"
    image = container["image"]
    if "@sha256:" not in image and (":" not in image or image.endswith(":latest")):
        yield f"runs whatever {image} is at the time"
