"""Looking into objects of Kubernetes."""

import re

WORKLOADS = ("Rollout", "Deployment", "StatefulSet", "Job")


def one(objects: list[dict], kind: str, name: str) -> dict:
    """The object of that kind and name."""
    found = [o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def of_kind(objects: list[dict], *kinds: str) -> list[dict]:
    """All objects of these kinds."""
    return [o for o in objects if o["kind"] in kinds]


def workloads(objects: list[dict]) -> list[dict]:
    """What makes pods."""
    return of_kind(objects, *WORKLOADS)


def pod(workload: dict) -> dict:
    """The specification of its pods."""
    return workload["spec"]["template"]["spec"]


def containers(workload: dict) -> list[dict]:
    """All containers of its pods, also those that run first."""
    return pod(workload).get("initContainers", []) + pod(workload)["containers"]


def base_name(name: str) -> str:
    """The name without the hash of a generator."""
    return re.sub(r"-[0-9a-z]{10}$", "", name)
