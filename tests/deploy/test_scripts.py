"""What the scripts do to a cluster, told by a kubectl that only remembers; each in its order, and again without harm."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import HERE, ROOT, TOOLS, skip
from kubernetes_validate import utils as kubernetes

from checks import pods
from checks.objects import one

SCRIPTS = ROOT / "deploy/scripts"
CLAIM = "drain-pvc-1"
ENGINE = "gridos-7d9f8b6c5-x2x4z"


@pytest.fixture
def cluster(tmp_path, prod):
    """A folder of a fake cluster, and the environment in which its kubectl comes first."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    kubectl = binaries / "kubectl"
    kubectl.write_text(f"#!/bin/sh\nexec {sys.executable} {HERE / 'fake_kubectl.py'} \"$@\"\n")
    kubectl.chmod(0o755)
    volume = {"metadata": {"name": "pvc-1"}, "status": {"phase": "Released"}, "spec": {
        "storageClassName": "gridos-journal", "capacity": {"storage": "40Gi"},
        "claimRef": {"namespace": "gridos", "name": f"{ENGINE}-journal"}}}
    (tmp_path / "volume.json").write_text(json.dumps(volume))
    (tmp_path / "rollout.json").write_text(json.dumps(one(prod, "Rollout", "gridos")))
    return tmp_path, {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "FAKE_CLUSTER": str(tmp_path)}


def run(environment, script: str, *arguments) -> subprocess.CompletedProcess:
    """Runs a script."""
    return subprocess.run([SCRIPTS / script, *arguments], env=environment, capture_output=True, text=True)


def asked(folder: pathlib.Path) -> list[dict]:
    """What kubectl was asked, in order."""
    return [json.loads(line) for line in (folder / "asked.jsonl").read_text().splitlines()]


def test_a_journal_is_drained_before_its_disk_goes(cluster):
    if not shutil.which("jq"):
        skip("jq")
    folder, environment = cluster
    ended = run(environment, "drain-journals.sh")
    assert ended.returncode == 0, ended.stderr
    deeds = [" ".join(a["arguments"]) for a in asked(folder)]
    order = ["apply -f -", "wait --for=condition=Complete", '"persistentVolumeReclaimPolicy":"Delete"', "delete persistentvolumeclaim"]
    places = [next(n for n, deed in enumerate(deeds) if part in deed) for part in order]
    assert places == sorted(places), deeds

    claim, job = json.loads(next(a["given"] for a in asked(folder) if a["given"]))["items"]
    assert claim["spec"]["volumeName"] == "pvc-1" and claim["spec"]["resources"]["requests"]["storage"] == "40Gi"
    for thing in (claim, job):
        kubernetes.validate(thing, "1.37", strict=True)
    assert pods.faults([job]) == []
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["args"][:3] == ["journal", "drain", "/etc/gridos/gridos.toml"]
    assert {"name": "GRIDOS__ENGINE__NAME", "value": ENGINE} in container["env"]
    volumes = {v["name"]: v for v in job["spec"]["template"]["spec"]["volumes"]}
    assert {m["name"] for m in container["volumeMounts"]} == volumes.keys()
    assert volumes["journal"]["persistentVolumeClaim"]["claimName"] == CLAIM


def test_a_journal_that_is_not_stored_keeps_its_disk(cluster):
    if not shutil.which("jq"):
        skip("jq")
    folder, environment = cluster
    (folder / "stuck").touch()
    ended = run(environment, "drain-journals.sh")
    assert ended.returncode == 1 and "it stays" in ended.stderr
    deeds = [" ".join(a["arguments"]) for a in asked(folder)]
    assert not any("Delete" in deed or "delete persistentvolumeclaim" in deed for deed in deeds), deeds


def test_whatever_fails_no_disk_goes_before_its_journal_is_stored(cluster):
    if not shutil.which("jq"):
        skip("jq")
    folder, environment = cluster
    assert run(environment, "drain-journals.sh").returncode == 0
    calls = len(asked(folder))
    assert calls >= 11
    for number in range(1, calls + 1):
        (folder / "asked.jsonl").unlink()
        (folder / "fails").write_text(str(number))
        ended = run(environment, "drain-journals.sh")
        assert ended.returncode == 1, (number, ended.stdout, ended.stderr)
        assert "all is stored" not in ended.stdout, number
        # What failed is the last of it.
        assert len(asked(folder)) == number, [" ".join(a["arguments"]) for a in asked(folder)]


@pytest.mark.parametrize("file, path", [
    ("rollout.json", ["spec", "template", "spec", "containers", 0, "image"]),
    ("volume.json", ["spec", "claimRef", "name"]),
    ("volume.json", ["spec", "capacity", "storage"]),
])
def test_what_is_not_known_is_not_guessed(cluster, file, path):
    if not shutil.which("jq"):
        skip("jq")
    folder, environment = cluster
    thing = json.loads((folder / file).read_text())
    holder = thing
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    (folder / file).write_text(json.dumps(thing))
    ended = run(environment, "drain-journals.sh")
    assert ended.returncode == 1 and "it stays" in ended.stderr
    assert all("get" in a["arguments"] for a in asked(folder))


def test_a_run_that_was_cut_off_goes_on_under_the_same_name(cluster):
    if not shutil.which("jq"):
        skip("jq")
    folder, environment = cluster
    volume = json.loads((folder / "volume.json").read_text())
    volume["metadata"]["annotations"] = {"gridos.io/engine": ENGINE}
    volume["spec"]["claimRef"]["name"] = CLAIM
    volume["status"]["phase"] = "Bound"
    (folder / "volume.json").write_text(json.dumps(volume))
    assert run(environment, "drain-journals.sh").returncode == 0
    job = json.loads(next(a["given"] for a in asked(folder) if a["given"]))["items"][1]
    assert {"name": "GRIDOS__ENGINE__NAME", "value": ENGINE} in job["spec"]["template"]["spec"]["containers"][0]["env"]


def test_a_journal_in_use_is_left_alone(cluster):
    if not shutil.which("jq"):
        skip("jq")
    folder, environment = cluster
    volume = json.loads((folder / "volume.json").read_text())
    volume["status"]["phase"] = "Bound"
    (folder / "volume.json").write_text(json.dumps(volume))
    assert run(environment, "drain-journals.sh").returncode == 0
    assert len(asked(folder)) == 1


@pytest.mark.parametrize("environment_name", ["dev", "test", "prod"])
def test_the_bootstrap_says_what_it_would_do(cluster, environment_name):
    folder, environment = cluster
    environment["PATH"] = f"{TOOLS}:{environment['PATH']}"
    told = run(environment, "install-argocd.sh", "--dry-run", environment_name, f"kv-gridos-{environment_name}")
    assert told.returncode == 0, told.stderr
    assert not (folder / "asked.jsonl").exists(), "a dry run asks nobody"
    would = [line.removeprefix("would run: ") for line in told.stdout.splitlines() if line.startswith("would run: ")]
    charts = [line for line in would if line.startswith("helm upgrade --install")]
    assert len(charts) == 2 and all("--wait" in c and "--version" in c for c in charts)
    assert f"gridos-root-{environment_name}.yaml" in would[-1] and "argocd/projects" in would[-2]
    host = "gridos.example.com" if environment_name == "prod" else f"gridos.{environment_name}.example.com"
    assert f"global.domain=argocd.{host}" in charts[1]


def test_the_bootstrap_refuses_what_it_does_not_know(cluster):
    _, environment = cluster
    for arguments in ([], ["staging", "kv"], ["prod"]):
        assert run(environment, "install-argocd.sh", *arguments).returncode == 2


def az(folder: pathlib.Path, script: str):
    """A stand-in for the client of Azure: `name` is the secret that is asked for."""
    program = folder / "bin/az"
    program.write_text(f'#!/bin/sh\nwhile [ "$1" != --name ]; do shift; done; name=$2\n{script}\n')
    program.chmod(0o755)


def test_a_repository_is_public_if_the_vault_says_so_and_not_if_it_says_nothing(cluster):
    folder, environment = cluster
    helm = folder / "bin/helm"
    helm.write_text("#!/bin/sh\n")
    helm.chmod(0o755)
    for answer, code in (("(SecretNotFound) A secret with this name was not found", 0), ("(Forbidden) Client address is not authorized", 1)):
        az(folder, f'case $name in repository-*) echo "{answer}" >&2; exit 1;; *) echo a-value;; esac')
        ended = run(environment, "install-argocd.sh", "dev", "kv-gridos-dev")
        assert ended.returncode == code, ended.stderr
        assert (answer in ended.stderr) == bool(code)
        assert "a-value" not in " ".join(" ".join(a["arguments"]) for a in asked(folder)), "no secret in an argument"


def test_addresses_of_the_bootstrap_are_those_of_terraform():
    script = (SCRIPTS / "install-argocd.sh").read_text()
    for environment, network in (("dev", "10.10"), ("test", "10.20"), ("prod", "10.30")):
        assert f"{environment}) network={network} ;;" in script
        assert f'"{network}.0.0/16"' in (ROOT / f"deploy/terraform/environments/{environment}/main.tf").read_text()
