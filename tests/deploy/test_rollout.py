"""The Rollout keeps the rules that its schema does not know; each rule finds a planted fault."""

import pytest

from checks import rollout as rules
from checks.objects import of_kind, one


def test_the_rollout_keeps_all_rules(objects):
    assert rules.faults(objects) == []


def _rollout(objects):
    return one(objects, "Rollout", "gridos")


def _canary(objects):
    return _rollout(objects)["spec"]["strategy"]["canary"]


def _steps(objects):
    return _canary(objects)["steps"]


def _engine(objects):
    return _rollout(objects)["spec"]["template"]["spec"]["containers"][0]


def _routes(objects):
    return one(objects, "VirtualService", "gridos-vsvc")["spec"]["http"]


def _scaler(objects):
    return one(objects, "HorizontalPodAutoscaler", "gridos")["spec"]


def _claims_the_same_pods(objects):
    labels = _rollout(objects)["spec"]["selector"]["matchLabels"]
    objects.append({"kind": "Deployment", "metadata": {"name": "gridos"}, "spec": {
        "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": []}}}})


def _without_metric(name):
    def plant(objects):
        for template in of_kind(objects, "AnalysisTemplate"):
            template["spec"]["metrics"] = [m for m in template["spec"]["metrics"] if m["name"] != name]
    return plant


def _all_versions(objects):
    metric = one(objects, "AnalysisTemplate", "gridos-step")["spec"]["metrics"][2]
    query = metric["provider"]["prometheus"]["query"]
    metric["provider"]["prometheus"]["query"] = query.replace("rollouts_pod_template_hash", "pod")


FAULTS = {
    "R1: no spec.selector": lambda o: _rollout(o)["spec"].pop("selector"),
    "R1: the selector does not match": lambda o: _rollout(o)["spec"]["selector"]["matchLabels"].update(tier="x"),
    "R2: routing by a VirtualService needs": lambda o: _canary(o).pop("stableService"),
    "must differ": lambda o: _canary(o).update(stableService="gridos-canary"),
    "R2: there is no Service": lambda o: _canary(o).update(canaryService="gridos-cannery"),
    "R2: Service gridos-canary selects other": lambda o: one(o, "Service", "gridos-canary")["spec"]["selector"].update(a="b"),
    "R3: there is no VirtualService": lambda o: _canary(o)["trafficRouting"]["istio"]["virtualService"].update(name="x"),
    "R3: the VirtualService has no route": lambda o: _routes(o)[0].update(name="secondary"),
    "exactly the two services": lambda o: _routes(o)[0]["route"].pop(),
    "are not 100 together": lambda o: _routes(o)[0]["route"][1].update(weight=20),
    "R4: nothing judges latency-p95": _without_metric("latency-p95"),
    "R4: nothing judges no-data-loss": _without_metric("no-data-loss"),
    "R5: step 0: a weight needs a pause": lambda o: _steps(o).pop(2),
    "R5: step 3: a weight needs a pause": lambda o: _steps(o).pop(4),
    "R5: no background analysis": lambda o: _canary(o).pop("analysis"),
    "before the canary has a device": lambda o: _canary(o)["analysis"].update(startingStep=0),
    "must be one thing": lambda o: _steps(o)[0].update(pause={}),
    "is not from 0 to 100": lambda o: _steps(o)[0].update(setWeight=120),
    "never ends by itself": lambda o: _steps(o)[1].update(pause={}),
    "the weights do not rise": lambda o: _steps(o)[3].update(setWeight=20),
    "R8:": lambda o: _steps(o)[9].update(setWeight=100),
    "R9: 30 %": lambda o: _steps(o)[0].update(setWeight=30),
    "R9: 20 % of 3 pods": lambda o: _scaler(o).update(minReplicas=3),
    "R10: with dynamicStableScale an abort": lambda o: _canary(o).update(dynamicStableScale=True),
    "are both 0": lambda o: _canary(o).update(maxSurge=0),
    "devices would have to move": lambda o: _canary(o).update(maxUnavailable=1),
    "R14: without progressDeadlineAbort": lambda o: _rollout(o)["spec"].pop("progressDeadlineAbort"),
    "R14: 300 s": lambda o: _rollout(o)["spec"].update(progressDeadlineSeconds=300),
    "there is no AnalysisTemplate": lambda o: _steps(o)[2]["analysis"]["templates"][0].update(templateName="gone"),
    "nobody gives stable-hash": lambda o: _steps(o)[2]["analysis"]["args"].pop(1),
    "no template takes": lambda o: _steps(o)[2]["analysis"]["args"].append({"name": "service-name", "value": "gridos"}),
    "is given twice": lambda o: _steps(o)[2]["analysis"]["args"].append({"name": "canary-hash", "value": ""}),
    "G4: without rollbackWindow": lambda o: _rollout(o)["spec"].pop("rollbackWindow"),
    "G4: fewer versions": lambda o: _rollout(o)["spec"].update(revisionHistoryLimit=2),
    "K4:": _claims_the_same_pods,
    "A1: replicas": lambda o: _rollout(o)["spec"].update(replicas=5),
    "A1: the autoscaler does not scale": lambda o: _scaler(o)["scaleTargetRef"].update(apiVersion="apps/v1"),
    "A2:": lambda o: _scaler(o)["metrics"][0].update(type="Resource"),
    "A3: scaleUp": lambda o: _scaler(o)["behavior"].pop("scaleUp"),
    "5.1: canaryMetadata": lambda o: _canary(o).pop("canaryMetadata"),
    "could never change": lambda o: _rollout(o)["spec"]["template"]["metadata"]["labels"].update({"gridos.io/role": "stable"}),
    "readiness is": lambda o: _engine(o).pop("readinessProbe"),
    "restarts for what": lambda o: _engine(o)["livenessProbe"]["httpGet"].update(path="/health"),
    "less than a minute": lambda o: _rollout(o)["spec"]["template"]["spec"].update(terminationGracePeriodSeconds=30),
    "no disk that outlives": lambda o: _rollout(o)["spec"]["template"]["spec"]["volumes"][-1].update(ephemeral=None, emptyDir={}) or
    _rollout(o)["spec"]["template"]["spec"]["volumes"][-1].pop("ephemeral"),
    "3.1: no PodMonitor": lambda o: one(o, "PodMonitor", "gridos")["spec"].pop("podTargetLabels"),
    "judges every version at once": _all_versions,
}


@pytest.mark.parametrize("told", FAULTS)
def test_a_planted_fault_is_found(prod, told):
    FAULTS[told](prod)
    assert any(told in fault for fault in rules.faults(prod)), rules.faults(prod)
