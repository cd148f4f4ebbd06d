"""What all checks of deploy/ share: the tools, and what Kustomize makes of each environment."""

import copy
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOOLS = HERE / ".tools"
SHARED = pathlib.Path(os.environ.get("GRIDOS_SHARED", ROOT.parent / "shared"))
ENVIRONMENTS = ("dev", "test", "prod")
# Folders that a build reads.
SOURCES = ("deploy", "examples/grafana")
sys.path.insert(0, str(HERE))


def skip(what: str):
    """Skips a test, loudly; not at all where everything is to be there."""
    if os.environ.get("GRIDOS_TESTS_SKIP_NOTHING") and "shared" not in what:
        pytest.fail(f"{what} is not there")
    print(f"skipped: {what} is not there", file=sys.__stderr__)
    pytest.skip(what)


def kustomize(overlay: pathlib.Path) -> subprocess.CompletedProcess:
    """What Kustomize says about a folder."""
    kubectl = TOOLS / "kubectl"
    return subprocess.run([kubectl, "kustomize", overlay], capture_output=True, text=True)


def built(root: pathlib.Path, environment: str) -> list[dict]:
    """The objects of an environment, of the project in `root`."""
    made = kustomize(root / "deploy/applications/gridos/overlays" / environment)
    assert made.returncode == 0, made.stderr
    return list(yaml.load_all(made.stdout, Loader=yaml.CSafeLoader))


@pytest.fixture(scope="session")
def built_once() -> dict[str, list[dict]]:
    """The objects of each environment; not to be changed."""
    return {environment: built(ROOT, environment) for environment in ENVIRONMENTS}


@pytest.fixture(params=ENVIRONMENTS)
def environment(request) -> str:
    """Each environment in turn."""
    return request.param


@pytest.fixture
def objects(built_once, environment) -> list[dict]:
    """The objects of each environment in turn, to be changed at will."""
    return copy.deepcopy(built_once[environment])


@pytest.fixture
def prod(built_once) -> list[dict]:
    """The objects of production, to be changed at will."""
    return copy.deepcopy(built_once["prod"])


@pytest.fixture
def planted(tmp_path):
    """A copy of the project in which a text of a file is another: `planted(file, old, new)`."""
    for source in SOURCES:
        shutil.copytree(ROOT / source, tmp_path / source, symlinks=True,
                        ignore=shutil.ignore_patterns(".terraform", "*.tfstate"))

    def plant(file: str, old: str, new: str) -> pathlib.Path:
        path = tmp_path / file
        text = path.read_text()
        assert old in text, f"{file} has no '{old}'"
        path.write_text(text.replace(old, new))
        return tmp_path

    return plant
