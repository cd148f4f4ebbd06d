"""Files are well formed: YAML and shell."""

import pathlib
import subprocess

import pytest
from conftest import HERE, ROOT, TOOLS

YAML = [*(ROOT / "deploy").rglob("*.y*ml"), ROOT / "examples/grafana/kustomization.yaml"]
# deploy/scripts/ci has tests of its own, beside those of the workflows.
SHELL = [HERE / "run", *(ROOT / "deploy/scripts").glob("*.sh")]


def _made(path: pathlib.Path) -> bool:
    return ".terraform" in path.parts or path.parent.name == "cluster"


def test_yaml_is_well_formed():
    files = [p for p in YAML if not _made(p)]
    checked = subprocess.run([TOOLS / "venv/bin/yamllint", "--strict", "-c", HERE / "yamllint.yaml", *files],
                             capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    assert len(files) > 30


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: {b: 1\n", "a:\tb\n"])
def test_a_planted_fault_is_found(tmp_path, text):
    (tmp_path / "bad.yaml").write_text(text)
    checked = subprocess.run([TOOLS / "venv/bin/yamllint", "--strict", "-c", HERE / "yamllint.yaml", tmp_path], capture_output=True)
    assert checked.returncode != 0


def test_scripts_are_clean():
    checked = subprocess.run([TOOLS / "venv/bin/shellcheck", "--external-sources", *SHELL], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_a_planted_fault_in_a_script_is_found(tmp_path):
    (tmp_path / "bad.sh").write_text("#!/bin/bash\nrm -rf $1/*\n")
    assert subprocess.run([TOOLS / "venv/bin/shellcheck", tmp_path / "bad.sh"], capture_output=True).returncode != 0
