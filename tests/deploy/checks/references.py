"""Whether what objects name is there."""

from .objects import base_name, containers, of_kind, one, pod, workloads


def faults(objects: list[dict]) -> list[str]:
    """Every name that nothing has."""
    there = {(o["kind"], o["metadata"]["name"]) for o in objects}
    wanted = set()
    for workload in workloads(objects):
        by = f"{workload['kind']} {workload['metadata']['name']}"
        wanted |= {(by, *target) for target in _of_pod(pod(workload))}
        for container in containers(workload):
            wanted |= {(by, *target) for target in _of_container(container)}
    wanted |= set(_of_istio(objects)) | set(_of_rights(objects))
    missing = [f"{by}: there is no {kind} {name}" for by, kind, name in sorted(wanted) if (kind, name) not in there]
    return missing + _keys(objects) + _mounts(objects) + _ports(objects) + _selectors(objects)


def _of_pod(spec):
    if "serviceAccountName" in spec:
        yield "ServiceAccount", spec["serviceAccountName"]
    for volume in spec.get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "csi" in volume:
            yield "SecretProviderClass", volume["csi"]["volumeAttributes"]["secretProviderClass"]


def _of_container(container):
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            yield "ConfigMap", source["configMapRef"]["name"]
    for variable in container.get("env", []):
        reference = variable.get("valueFrom", {}).get("configMapKeyRef")
        if reference:
            yield "ConfigMap", reference["name"]


def _of_istio(objects):
    for service in of_kind(objects, "VirtualService"):
        by = f"VirtualService {service['metadata']['name']}"
        yield from ((by, "Gateway", name) for name in service["spec"]["gateways"])
        for route in service["spec"].get("http", []) + service["spec"].get("tcp", []):
            yield from ((by, "Service", d["destination"]["host"]) for d in route["route"])
    for rule in of_kind(objects, "DestinationRule"):
        yield f"DestinationRule {rule['metadata']['name']}", "Service", rule["spec"]["host"]


def _of_rights(objects):
    for binding in of_kind(objects, "RoleBinding"):
        by = f"RoleBinding {binding['metadata']['name']}"
        yield by, binding["roleRef"]["kind"], binding["roleRef"]["name"]
        yield from ((by, s["kind"], s["name"]) for s in binding["subjects"])


def _keys(objects):
    """A key of a ConfigMap that a variable is to have."""
    maps = {o["metadata"]["name"]: o.get("data", {}) for o in of_kind(objects, "ConfigMap")}
    found = []
    for workload in workloads(objects):
        for container in containers(workload):
            for variable in container.get("env", []):
                reference = variable.get("valueFrom", {}).get("configMapKeyRef")
                if reference and reference["key"] not in maps.get(reference["name"], {}):
                    found.append(f"{container['name']}: {reference['name']} has no key {reference['key']}")
    return found


def _mounts(objects):
    found = []
    for workload in workloads(objects):
        claims = {c["metadata"]["name"] for c in workload["spec"].get("volumeClaimTemplates", [])}
        volumes = {v["name"] for v in pod(workload).get("volumes", [])} | claims
        mounted = {m["name"] for c in containers(workload) for m in c.get("volumeMounts", [])}
        name = workload["metadata"]["name"]
        found += [f"{name}: nothing is called {m}, which is mounted" for m in sorted(mounted - volumes)]
        found += [f"{name}: nobody mounts {v}" for v in sorted(volumes - mounted)]
    return found


def _ports(objects):
    """A named port of a Service that no container of its pods has."""
    found = []
    for service in of_kind(objects, "Service"):
        selector = service["spec"]["selector"]
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            pods = [w for w in workloads(objects) if _labels(w, objects).items() >= selector.items()]
            names = {p["name"] for w in pods for c in containers(w) for p in c.get("ports", [])}
            if isinstance(target, str) and target not in names:
                found.append(f"Service {service['metadata']['name']}: no pod has a port {target}")
    return found


def _labels(workload, _objects):
    labels = dict(workload["spec"]["template"]["metadata"]["labels"])
    if workload["kind"] == "Rollout":
        labels |= workload["spec"]["strategy"]["canary"].get("stableMetadata", {}).get("labels", {})
    return labels


def _selectors(objects):
    """A selector that selects no pod does nothing, silently."""
    found = []
    labels = [_labels(w, objects) for w in workloads(objects)]
    for thing in of_kind(objects, "Service", "NetworkPolicy", "PodDisruptionBudget", "PodMonitor"):
        spec = thing["spec"]
        selector = spec.get("podSelector", spec.get("selector", {}))
        selector = selector if thing["kind"] == "Service" else selector.get("matchLabels", {})
        if not any(l.items() >= selector.items() for l in labels):
            found.append(f"{thing['kind']} {thing['metadata']['name']} selects no pod")
    return found


def secrets(objects: list[dict]) -> dict[str, set[str]]:
    """The secrets that each SecretProviderClass asks the Key Vault for."""
    names = {}
    for provider in of_kind(objects, "SecretProviderClass"):
        lines = provider["spec"]["parameters"]["objects"].splitlines()
        names[provider["metadata"]["name"]] = {l.split(":")[1].strip() for l in lines if "objectName" in l}
    return names


def configuration(objects: list[dict], name: str) -> dict[str, str]:
    """What a generated ConfigMap holds."""
    found = [o for o in of_kind(objects, "ConfigMap") if base_name(o["metadata"]["name"]) == name]
    assert len(found) == 1, f"{len(found)} of {name}"
    return one(objects, "ConfigMap", found[0]["metadata"]["name"])["data"]
