"""A repository with an origin of its own, as a pipeline sees it."""

import subprocess
from pathlib import Path

from .scripts import ROOT

OVERLAYS = "deploy/applications/gridos/overlays"
BRANCH = "main"

OVERLAY = """\
# GridOS in {environment}.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
images:
- name: nats
  newTag: 2.11-alpine  # no business of the pipeline
- name: gridos
  newName: gridosacr.azurecr.io/gridos
  {image}  # written by the pipeline
patches:
- target: {{kind: Rollout, name: gridos}}
  patch: |-
    - {{op: replace, path: /newTag, value: no-image}}
"""

IMAGES = {"dev": "newTag: test-0000000", "test": "newTag: test-0000000", "prod": f"digest: sha256:{'0' * 64}"}


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    ran = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


class Repository:
    """`origin` is bare; `clone` is where the pipeline runs, and `other` where somebody else works."""

    def __init__(self, folder: Path):
        self.origin, self.clone, self.other = (folder / name for name in ("origin.git", "clone", "other"))
        git(folder, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(self.origin))
        git(folder, "clone", "--quiet", str(self.origin), str(self.other))
        for environment, image in IMAGES.items():
            self.write(overlay(environment), OVERLAY.format(environment=environment, image=image))
        self.push("begin")
        git(folder, "clone", "--quiet", str(self.origin), str(self.clone))

    def write(self, name: str, text: str) -> None:
        file = self.other / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def push(self, message: str) -> None:
        git(self.other, "add", "--all")
        git(self.other, "commit", "--quiet", "--message", message)
        git(self.other, "push", "--quiet", "origin", f"HEAD:{BRANCH}")

    def pull(self) -> None:
        git(self.other, "pull", "--quiet", "--rebase", "origin", BRANCH)

    def overlay(self, environment: str) -> str:
        return git(self.origin, "show", f"{BRANCH}:{overlay(environment)}")

    def subjects(self) -> list[str]:
        """Of all commits, the newest first."""
        return git(self.origin, "log", "--format=%s", BRANCH).splitlines()

    def body(self) -> str:
        return git(self.origin, "log", "-1", "--format=%b", BRANCH)


def overlay(environment: str) -> str:
    return f"{OVERLAYS}/{environment}/kustomization.yaml"


def real_overlays() -> list[Path]:
    return sorted((ROOT / OVERLAYS).glob("*/kustomization.yaml"))
