"""What a Rollout may not be though its schema allows it.

The first group restates the validation of Argo Rollouts v1.9 (`pkg/apis/rollouts/validation`), which a cluster says only in the
status of the Rollout; the second keeps the mistakes out that a canary of a poller makes in good form.
"""

import math

from .objects import base_name, containers, of_kind, pod

LAST_STEPS_MAX = 99
QUERY_HASH = "rollouts_pod_template_hash"


def faults(objects: list[dict]) -> list[str]:
    """Everything that is wrong with the only Rollout among the objects."""
    rollouts = of_kind(objects, "Rollout")
    if len(rollouts) != 1:
        return [f"there must be one Rollout, not {len(rollouts)}"]
    rollout = rollouts[0]
    found = []
    for check in (_selector, _services, _traffic, _steps, _weights, _delays, _analysis, _background, _owner, _deadline,
                  _history, _roles, _arguments, _autoscaler, _split, _probes, _grace, _journal, _hash):
        found += check(rollout, objects)
    return found


def _canary(rollout: dict) -> dict:
    return rollout["spec"].get("strategy", {}).get("canary", {})


def _names(objects: list[dict], kind: str) -> dict[str, dict]:
    return {o["metadata"]["name"]: o for o in of_kind(objects, kind)}


def _selector(rollout, _objects):
    spec = rollout["spec"]
    if not spec.get("selector", {}).get("matchLabels"):
        return ["R1: no spec.selector"]
    if "template" not in spec:
        return ["R1: no spec.template"]
    labels = spec["template"]["metadata"].get("labels", {})
    if not spec["selector"]["matchLabels"].items() <= labels.items():
        return ["R1: the selector does not match the template's labels"]
    return []


def _services(rollout, objects):
    canary = _canary(rollout)
    names = canary.get("canaryService"), canary.get("stableService")
    if not all(names):
        return ["R2: routing by a VirtualService needs canaryService and stableService"]
    if names[0] == names[1]:
        return ["R2: canaryService and stableService must differ"]
    services = _names(objects, "Service")
    labels = rollout["spec"]["template"]["metadata"]["labels"]
    found = [f"R2: there is no Service {name}" for name in names if name not in services]
    for name in set(names) & set(services):
        if not services[name]["spec"]["selector"].items() <= labels.items():
            found.append(f"R2: Service {name} selects other pods")
    return found


def _traffic(rollout, objects):
    canary = _canary(rollout)
    wanted = canary.get("trafficRouting", {}).get("istio", {}).get("virtualService")
    if not wanted:
        return ["R3: no VirtualService"]
    service = _names(objects, "VirtualService").get(wanted["name"])
    if service is None:
        return [f"R3: there is no VirtualService {wanted['name']}"]
    routes = service["spec"].get("http", [])
    names = wanted.get("routes") or [r.get("name") for r in routes]
    if not wanted.get("routes") and len(routes) != 1:
        return ["R3: routes must be named, because there is not just one"]
    found = []
    for name in names:
        route = [r for r in routes if r.get("name") == name]
        if len(route) != 1:
            found.append(f"R3: the VirtualService has no route {name}")
            continue
        hosts = sorted(d["destination"]["host"] for d in route[0]["route"])
        if hosts != sorted([canary.get("canaryService", ""), canary.get("stableService", "")]):
            found.append(f"R3: the route {name} must have exactly the two services, not {hosts}")
        if sum(d.get("weight", 0) for d in route[0]["route"]) != 100:
            found.append(f"R3: the weights of the route {name} are not 100 together")
    return found


def _steps(rollout, _objects):
    found = []
    for n, step in enumerate(_canary(rollout).get("steps", [])):
        if len(step) != 1:
            found.append(f"step {n}: must be one thing, not {sorted(step)}")
        weight = step.get("setWeight")
        if weight is not None and not 0 <= weight <= 100:
            found.append(f"step {n}: the weight {weight} is not from 0 to 100")
        pause = step.get("pause")
        if pause is not None and str(pause.get("duration", "1s")).startswith("-"):
            found.append(f"step {n}: pauses for less than nothing")
    return found or ([] if _canary(rollout).get("steps") else ["no steps"])


def _weights(rollout, _objects):
    weights = [step["setWeight"] for step in _canary(rollout).get("steps", []) if "setWeight" in step]
    found = []
    if weights != sorted(set(weights)):
        found.append(f"the weights do not rise: {weights}")
    if weights and weights[-1] > LAST_STEPS_MAX:
        found.append("R8: a last setWeight of 100 is superfluous")
    return found


def _delays(rollout, _objects):
    canary, found = _canary(rollout), []
    if canary.get("dynamicStableScale"):
        found.append("R10: with dynamicStableScale an abort is no matter of seconds")
        if "scaleDownDelaySeconds" in canary:
            found.append("R10: scaleDownDelaySeconds is refused with dynamicStableScale")
    if canary.get("maxSurge") in (0, "0", "0%") and canary.get("maxUnavailable") in (0, "0", "0%"):
        found.append("maxSurge and maxUnavailable are both 0")
    if canary.get("maxUnavailable") != 0:
        found.append("maxUnavailable must be 0: devices would have to move for it")
    return found


def _templates(objects):
    return _names(objects, "AnalysisTemplate") | _names(objects, "ClusterAnalysisTemplate")


def _uses(rollout):
    """Each use of templates: where, and the analysis."""
    canary = _canary(rollout)
    if "analysis" in canary:
        yield "background", canary["analysis"]
    for n, step in enumerate(canary.get("steps", [])):
        if "analysis" in step:
            yield f"step {n}", step["analysis"]


def _analysis(rollout, objects):
    """R5: the thresholds are judged after each pause, before the weight rises."""
    steps, found = _canary(rollout).get("steps", []), []
    kinds = ["".join(step) for step in steps]
    weights = [n for n, kind in enumerate(kinds) if kind == "setWeight"]
    for begin, end in zip(weights, weights[1:] + [len(steps)]):
        if kinds[begin:end] != ["setWeight", "pause", "analysis"]:
            found.append(f"R5: step {begin}: a weight needs a pause and then an analysis, not {kinds[begin + 1:end]}")
    for n, step in enumerate(steps):
        if "pause" in step and not step["pause"].get("duration"):
            found.append(f"step {n}: the pause never ends by itself")
    for where, use in _uses(rollout):
        for template in use.get("templates", []):
            if template["templateName"] not in _templates(objects):
                found.append(f"{where}: there is no AnalysisTemplate {template['templateName']}")
    metrics = {m["name"] for _, use in _uses(rollout) for t in use.get("templates", [])
               for m in _templates(objects).get(t["templateName"], {"spec": {"metrics": []}})["spec"]["metrics"]}
    for metric in ("success-rate", "error-rate", "latency-p95", "no-data-loss"):
        if metric not in metrics:
            found.append(f"R4: nothing judges {metric}")
    return found


def _background(rollout, _objects):
    background = _canary(rollout).get("analysis")
    if not background:
        return ["R5: no background analysis: nothing looks between the steps"]
    if background.get("startingStep", 0) < 1:
        return ["R5: the background analysis begins before the canary has a device"]
    return []


def _arguments(rollout, objects):
    """An argument that a template needs and nobody gives, or that none takes, is an error at run time."""
    found = []
    for where, use in _uses(rollout):
        given = [a["name"] for a in use.get("args", [])]
        if len(given) != len(set(given)):
            found.append(f"{where}: an argument is given twice")
        taken = set()
        for template in use.get("templates", []):
            args = _templates(objects).get(template["templateName"], {"spec": {}})["spec"].get("args", [])
            taken |= {a["name"] for a in args}
            needed = {a["name"] for a in args if "value" not in a and "valueFrom" not in a}
            found += [f"{where}: nobody gives {name}" for name in sorted(needed - set(given))]
        found += [f"{where}: no template takes {name}" for name in sorted(set(given) - taken)]
    return found


def _owner(rollout, objects):
    """K4: two controllers for the same pods."""
    labels = rollout["spec"].get("template", {}).get("metadata", {}).get("labels", {})
    found = []
    for other in of_kind(objects, "Deployment", "StatefulSet", "ReplicaSet"):
        if other["spec"]["selector"]["matchLabels"].items() <= labels.items():
            found.append(f"K4: {other['kind']} {other['metadata']['name']} claims the same pods")
    return found


def _deadline(rollout, _objects):
    spec = rollout["spec"]
    if not spec.get("progressDeadlineAbort"):
        return ["R14: without progressDeadlineAbort a canary that never becomes ready stays for ever"]
    deadline, ready = spec.get("progressDeadlineSeconds", 600), spec.get("minReadySeconds", 0)
    if deadline <= ready:
        return ["progressDeadlineSeconds must be more than minReadySeconds"]
    waits = [int(arg[:-1]) for c in containers(rollout) for arg in c.get("args", []) if arg[:-1].isdigit() and arg.endswith("s")]
    if deadline <= sum(waits) + 300:
        return [f"R14: {deadline} s are no more than the migration ({sum(waits)} s) and a start"]
    return []


def _history(rollout, _objects):
    window = rollout["spec"].get("rollbackWindow", {}).get("revisions", 0)
    if not window:
        return ["G4: without rollbackWindow the way back by Git goes all steps again"]
    if rollout["spec"].get("revisionHistoryLimit", 10) < window:
        return ["G4: fewer versions are kept than rollbackWindow wants to go back"]
    return []


def _roles(rollout, _objects):
    canary, found = _canary(rollout), []
    for key, role in (("canaryMetadata", "canary"), ("stableMetadata", "stable")):
        if canary.get(key, {}).get("labels", {}).get("gridos.io/role") != role:
            found.append(f"5.1: {key} does not make pods {role} in the fleet")
    if "gridos.io/role" in rollout["spec"].get("template", {}).get("metadata", {}).get("labels", {}):
        found.append("5.1: the template says the role, so that it could never change in place")
    return found


def _autoscaler(rollout, objects):
    found = []
    if "replicas" in rollout["spec"]:
        found.append("A1: replicas stand in Git, against the autoscaler")
    scalers = of_kind(objects, "HorizontalPodAutoscaler")
    if len(scalers) != 1:
        return [*found, "A1: no autoscaler"]
    spec = scalers[0]["spec"]
    target = spec["scaleTargetRef"]
    if (target["apiVersion"], target["kind"], target["name"]) != ("argoproj.io/v1alpha1", "Rollout", rollout["metadata"]["name"]):
        found.append("A1: the autoscaler does not scale the Rollout")
    for metric in spec["metrics"]:
        if metric["type"] in ("Resource", "ContainerResource", "Pods"):
            found.append("A2: a mean over pods counts the canary's in")
    for direction in ("scaleUp", "scaleDown"):
        if spec.get("behavior", {}).get(direction, {}).get("stabilizationWindowSeconds", 0) < 300:
            found.append(f"A3: {direction} moves devices at every whim")
    return found


def _split(rollout, objects):
    """R9: the first weight must be at least one pod, and no more than its share of the least number of pods by far."""
    weights = [step["setWeight"] for step in _canary(rollout).get("steps", []) if "setWeight" in step]
    if not weights:
        return []
    environment = [o for o in of_kind(objects, "ConfigMap") if base_name(o["metadata"]["name"]) == "gridos-environment"]
    if environment and environment[0]["data"].get("ENVIRONMENT") == "dev":
        return []  # Two engines: its share of the devices is exact all the same.
    found = []
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        pods = scaler["spec"]["minReplicas"]
        for weight in weights:
            if math.ceil(weight * pods / 100) * 100 != weight * pods:
                found.append(f"R9: {weight} % of {pods} pods is no whole number")
    return found


def _probes(rollout, _objects):
    found = []
    for container in pod(rollout)["containers"]:
        paths = {p: container.get(p, {}).get("httpGet", {}).get("path") for p in ("readinessProbe", "livenessProbe")}
        if paths["readinessProbe"] != "/health/ready":
            found.append(f"{container['name']}: readiness is {paths['readinessProbe']}")
        if paths["livenessProbe"] != "/health/live":
            found.append(f"{container['name']}: a liveness of {paths['livenessProbe']} restarts for what a restart does not mend")
    return found


def _grace(rollout, _objects):
    spec = pod(rollout)
    pause = max([c.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0) for c in spec["containers"]])
    if spec.get("terminationGracePeriodSeconds", 30) < pause + 60:
        return ["the journal has less than a minute to be stored when the pod ends"]
    return []


def _journal(rollout, _objects):
    volumes = {v["name"]: v for v in pod(rollout)["volumes"]}
    mounts = {m["mountPath"]: m["name"] for m in pod(rollout)["containers"][0]["volumeMounts"]}
    volume = volumes.get(mounts.get("/var/lib/gridos"), {})
    claim = volume.get("ephemeral", {}).get("volumeClaimTemplate", {}).get("spec", {})
    if claim.get("storageClassName") != "gridos-journal":
        return ["the journal is on no disk that outlives its pod"]
    return []


def _hash(rollout, objects):
    for monitor in of_kind(objects, "PodMonitor"):
        selected = monitor["spec"]["selector"]["matchLabels"]
        if selected.items() <= rollout["spec"].get("template", {}).get("metadata", {}).get("labels", {}).items():
            if "rollouts-pod-template-hash" in monitor["spec"].get("podTargetLabels", []):
                break
    else:
        return ["3.1: no PodMonitor copies the hash, by which analysis tells versions apart"]
    found = []
    for name, template in _templates(objects).items():
        for metric in template["spec"]["metrics"]:
            if QUERY_HASH not in metric["provider"]["prometheus"]["query"]:
                found.append(f"{name}: {metric['name']} judges every version at once")
    return found
