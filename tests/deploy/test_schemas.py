"""Every object is as its kind says, strictly; a misspelt field is found."""

import pytest
from kubernetes_validate import utils as kubernetes
from conftest import ROOT, SHARED, built, skip

from checks.schema import Schemas

VERSION = "1.37"
BASE = "deploy/applications/gridos/base"
# What a cluster knows by definitions that are not at hand; test_secrets.py looks at these.
UNKNOWN = {"SecretProviderClass"}


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    folder = SHARED / "crds"
    if not folder.is_dir():
        skip("../shared/crds")
    return Schemas(folder)


def faults(objects: list[dict], schemas: Schemas) -> list[str]:
    """What is wrong with the shape of the objects."""
    found = []
    for thing in objects:
        if schemas.knows(thing):
            found += schemas.faults(thing)
        elif thing["kind"] not in UNKNOWN:
            found += of_core(thing)
    return found


def of_core(thing: dict) -> list[str]:
    """What is wrong with an object of Kubernetes itself."""
    name = f"{thing['kind']} {thing['metadata']['name']}"
    try:
        kubernetes.validate(thing, VERSION, strict=True)
    except kubernetes.ValidationError as error:
        return [f"{name}: {error.message[:300]}"]
    except kubernetes.SchemaNotFoundError:
        return [f"{name}: no schema for {thing['apiVersion']}"]
    return []


def templates(objects: list[dict]) -> list[dict]:
    """The pods of Rollouts, whose definition lets anything be in them, as pods."""
    found = []
    for rollout in objects:
        if rollout["kind"] == "Rollout":
            template = rollout["spec"]["template"]
            found.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "of-the-rollout"}, "spec": template["spec"]})
    return found


def test_all_objects_are_valid(objects, schemas):
    assert faults(objects, schemas) == []
    assert faults(templates(objects), schemas) == []
    assert templates(objects)


@pytest.mark.parametrize(("file", "old", "new"), [
    (f"{BASE}/rollout.yaml", "progressDeadlineAbort", "progressDeadlineAbbort"),
    ("deploy/rollout/steps.yaml", "setWeight", "setWieght"),
    (f"{BASE}/rollout.yaml", "terminationGracePeriodSeconds", "terminationGraceSeconds"),
    (f"{BASE}/rollout.yaml", "allowPrivilegeEscalation", "allowPrivilegeEscalations"),
    (f"{BASE}/ingress.yaml", "credentialName", "credentialsName"),
    (f"{BASE}/scaling.yaml", "averageValue:", "averageValues:"),
    (f"{BASE}/network.yaml", "podSelector: {}", "podSelectors: {}"),
    (f"{BASE}/monitoring.yaml", "podTargetLabels", "podTargetLabel"),
    (f"{BASE}/disruption.yaml", "maxUnavailable: 1", "maxUnavailabel: 1"),
    ("deploy/analysis/gridos-step.yaml", "successCondition", "sucessCondition"),
    ("deploy/applications/nats/nats.yaml", "serviceName", "servicename"),
])
def test_a_misspelt_field_is_found(planted, schemas, file, old, new):
    objects = built(planted(file, old, new), "prod")
    assert faults(objects, schemas) + faults(templates(objects), schemas)


def test_a_field_that_a_patch_misspells_is_found(planted, schemas):
    root = planted("deploy/applications/gridos/overlays/dev/kustomization.yaml", "resources/requests/cpu", "resource/requests/cpu")
    with pytest.raises(AssertionError, match="resource"):
        built(root, "dev")


def test_the_schemas_are_of_the_kinds_that_are_used(built_once, schemas):
    kinds = {o["kind"] for o in built_once["prod"] if schemas.knows(o)}
    assert kinds == {"AnalysisTemplate", "DestinationRule", "Gateway", "PodMonitor", "PrometheusRule", "Rollout", "VirtualService"}
    assert (ROOT / "deploy").is_dir()
