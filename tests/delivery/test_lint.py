"""Linters of scripts, workflows and the image find nothing; each is shown to find something planted."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.scripts import ROOT

SCRIPTS = sorted(str(path) for path in (ROOT / "deploy/scripts").rglob("*.sh") if ".terraform" not in path.parts) + [str(ROOT / "tests/delivery/run")]
WORKFLOWS = sorted(str(path) for path in (ROOT / ".github/workflows").glob("*.yml"))
GITHUB = [str(path) for path in [*(ROOT / ".github").rglob("*.yml"), *(ROOT / ".github").rglob("*.yaml")]]
CHECKOV = os.environ.get("CHECKOV", "checkov")


def ran(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    assert shutil.which(command[0]), f"{command[0]} is not installed; tests/delivery/run does"
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def clean(*command: str, cwd: Path = ROOT) -> None:
    done = ran(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck(tmp_path):
    clean("shellcheck", "--external-sources", *SCRIPTS, *[str(path) for path in (ROOT / "deploy/scripts/ci/lib").glob("*.sh")])
    bad = tmp_path / "bad.sh"
    bad.write_text("#!/usr/bin/env bash\ncd $1\n")
    assert ran("shellcheck", str(bad)).returncode == 1


def test_scripts_can_be_run_and_stop_at_the_first_failure():
    for script in SCRIPTS:
        if "/lib/" not in script:
            assert os.access(script, os.X_OK), script
            assert "set -euo pipefail" in Path(script).read_text(), script


def test_actionlint(tmp_path):
    clean("actionlint", *WORKFLOWS)
    bad = tmp_path / "bad.yml"
    bad.write_text(Path(WORKFLOWS[0]).read_text().replace("needs.monitor-rollout.result", "needs.monitor-rolout.result"))
    assert ran("actionlint", str(bad)).returncode == 1


def test_zizmor(tmp_path):
    clean("zizmor", "--offline", "--no-progress", "--quiet", ".github")
    bad = tmp_path / "bad.yml"
    text = Path(WORKFLOWS[0]).read_text()
    bad.write_text(text.replace("run: deploy/scripts/ci/source-id.sh", "run: echo ${{ github.event.head_commit.message }}"))
    assert bad.read_text() != text
    assert ran("zizmor", "--offline", "--no-progress", "--quiet", "--config", ".github/zizmor.yml", str(bad)).returncode != 0


def test_the_schema_of_workflows(tmp_path):
    clean("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    clean("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")
    bad = tmp_path / "bad.yml"
    bad.write_text(Path(WORKFLOWS[0]).read_text().replace("runs-on:", "run-on:"))
    assert ran("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(bad)).returncode == 1


def test_yamllint():
    clean("yamllint", "--strict", "--config-file", "tests/delivery/yamllint.yml", *GITHUB)


def test_hadolint(tmp_path):
    clean("hadolint", "Dockerfile")
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian\nRUN cd /tmp && apt-get install -y curl\n")
    assert ran("hadolint", str(bad)).returncode == 1


@pytest.mark.parametrize("framework, where", [("github_actions", ".github"), ("dockerfile", "Dockerfile")])
def test_checkov(framework, where):
    flag = "--directory" if (ROOT / where).is_dir() else "--file"
    # The policies of github_actions look for .github/workflows below the folder that is named.
    place = str(ROOT / where) if flag == "--file" else str(ROOT / where / "workflows")
    done = ran(CHECKOV, flag, place, "--framework", framework, "--skip-download", "--quiet", "--compact", "--output", "cli")
    assert done.returncode == 0, done.stdout + done.stderr


def test_checkov_finds_an_image_that_runs_as_root(tmp_path):
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian:latest\nCMD true\n")
    assert ran(CHECKOV, "--file", str(bad), "--framework", "dockerfile", "--skip-download", "--quiet", "--compact").returncode == 1
