"""A stand-in for the API of Argo CD and of the Rollout behind it: it tells the story that a test wrote."""

import json
from urllib.parse import parse_qs, urlparse

from .serving import Answer, Request, Server, as_json

TOKEN = "a-token-of-the-pipeline"
IMAGE = "gridosacr.azurecr.io/gridos"


def application(sync: str = "Synced", health: str = "Progressing", images: tuple[str, ...] = (), **status: object) -> dict:
    """An Application (argoproj.io/v1alpha1), so far as the scripts read it."""
    return {
        "metadata": {"name": "gridos-dev"},
        "spec": {"destination": {"namespace": "gridos"}},
        "status": {
            "sync": {"status": sync},
            "health": {"status": health, "message": status.pop("message", "")},
            "summary": {"images": [f"{IMAGE}:{tag}" for tag in images]},
        }
        | status,
    }


def rollout(phase: str, tag: str = "test-new", stable: bool = False, **status: object) -> dict:
    """A Rollout as its controller writes it: the observed generation is text."""
    return {
        "metadata": {"name": "gridos", "generation": 7},
        "spec": {
            "template": {"spec": {"containers": [{"image": f"{IMAGE}:{tag}"}]}},
            "strategy": {"canary": {"steps": [{}] * 12}},
        },
        "status": {
            "observedGeneration": "7",
            "phase": phase,
            "currentPodHash": "new",
            "stableRS": "new" if stable else "old",
            "currentStepIndex": 1,
            "canary": {"weights": {"canary": {"weight": 20}}},
        }
        | status,
    }


def analysis_run(phase: str, metric: str, value: str, version: str = "new") -> dict:
    return {
        "metadata": {"labels": {"rollouts-pod-template-hash": version}},
        "status": {
            "phase": phase,
            "message": f'Metric "{metric}" assessed {phase} due to failed (1) > failureLimit (0)',
            "metricResults": [
                {"name": "enough-batches", "phase": "Successful", "measurements": [{"value": "[4000]"}]},
                {"name": metric, "phase": phase, "measurements": [{"value": "[0]"}, {"value": value}]},
            ],
        }
    }


class ArgoCd(Server):
    """`applications` and `rollouts` are what is answered one question after another; the last is answered for ever.
    An `Answer` among them is given as it is."""

    def __init__(self, applications: list, rollouts: list | None = None, runs: dict[str, dict] | None = None):
        self.applications, self.rollouts, self.runs = applications, rollouts or [], runs or {}
        super().__init__(self.answer)

    def answer(self, request: Request) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return as_json({"error": "invalid session", "code": 16}, 401)
        url = urlparse(request.path)
        if url.path == "/api/v1/applications/gridos-dev":
            return self.next_of(self.applications)
        if url.path == "/api/v1/applications/gridos-dev/resource-tree":
            nodes = [{"kind": "AnalysisRun", "name": name, "createdAt": name} for name in self.runs]
            return as_json({"nodes": [{"kind": "Rollout", "name": "gridos"}, *nodes]})
        if url.path == "/api/v1/applications/gridos-dev/resource":
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            assert (query["group"], query["version"], query["namespace"]) == ("argoproj.io", "v1alpha1", "gridos")
            if query["kind"] == "AnalysisRun":
                return self.manifest(self.runs[query["resourceName"]])
            return self.next_of(self.rollouts, manifest=True)
        # Argo CD tells nobody whether an application exists that they may not see.
        return as_json({"error": "permission denied", "code": 7}, 403)

    def next_of(self, story: list, manifest: bool = False) -> Answer:
        told = story.pop(0) if len(story) > 1 else story[0]
        if isinstance(told, Answer):
            return told
        return self.manifest(told) if manifest else as_json(told)

    @staticmethod
    def manifest(value: dict) -> Answer:
        return as_json({"manifest": json.dumps(value)})
