"""Pods are locked up, bounded, and of images that Git names; each rule finds a planted fault."""

import pytest

from checks import pods
from checks.objects import containers, of_kind, one, pod, workloads

REGISTRY = "gridosacr.azurecr.io/gridos"


def test_all_pods_keep_all_rules(objects):
    assert pods.faults(objects) == []
    assert len(workloads(objects)) >= 3


def _pod(objects):
    return pod(one(objects, "Rollout", "gridos"))


def _engine(objects):
    return _pod(objects)["containers"][0]


FAULTS = {
    "may run as root": lambda o: _pod(o)["securityContext"].pop("runAsNonRoot"),
    "no seccomp": lambda o: _pod(o)["securityContext"].pop("seccompProfile"),
    "has a token": lambda o: _pod(o).pop("automountServiceAccountToken"),
    "hostNetwork": lambda o: _pod(o).update(hostNetwork=True),
    "of the node": lambda o: _pod(o)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
    "has a Secret": lambda o: _pod(o)["volumes"].append({"name": "x", "secret": {"secretName": "x"}}),
    "may gain privileges": lambda o: _engine(o)["securityContext"].pop("allowPrivilegeEscalation"),
    "may write to its root": lambda o: _engine(o)["securityContext"].update(readOnlyRootFilesystem=False),
    "has capabilities": lambda o: _engine(o)["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
    "has no bounds": lambda o: _engine(o)["resources"].pop("limits"),
    "runs whatever": lambda o: _engine(o).update(image=REGISTRY),
}


@pytest.mark.parametrize("told", FAULTS)
def test_a_planted_fault_is_found(prod, told):
    FAULTS[told](prod)
    assert any(told in fault for fault in pods.faults(prod)), pods.faults(prod)


def test_the_image_of_the_overlay_reaches_every_container(objects, environment):
    """Also those that run first (K5), and the follower."""
    images = [c["image"] for w in workloads(objects) for c in containers(w)]
    own = {image for image in images if "gridos" in image}
    assert len(own) == 1 and own.pop().startswith(f"{REGISTRY}{'@sha256:' if environment == 'prod' else ':'}")
    rollout = one(objects, "Rollout", "gridos")
    assert {c["image"].split("@")[0].split(":")[0] for c in containers(rollout)} == {REGISTRY}


def test_no_secret_is_in_git(objects):
    assert of_kind(objects, "Secret") == []
