"""Scripts that need what this machine has not (Docker, Azure, a cluster), with stand-ins: what they would ask of it."""

import shutil
import subprocess

import pytest

from support.programs import Programs
from support.repository import git
from support.scripts import ROOT, SCRIPTS, run


@pytest.fixture
def programs(tmp_path):
    return Programs(tmp_path)


def test_tests_run_in_a_container_without_the_pipelines_secrets(programs):
    programs.add("docker", f'while [ $# -gt 2 ]; do shift; done; echo "$@" > {programs.folder.parent}/last')
    secrets = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret", "GITHUB_TOKEN": "secret", "SNYK_TOKEN": "secret"}
    ran = run("in-debian.sh", "tests/run", "unit", PATH=programs.path, **secrets)
    assert ran.code == 0, ran.said
    (call,) = programs.calls("docker")
    assert call.startswith("docker run --rm")
    assert (programs.folder.parent / "last").read_text().split() == ["tests/run", "unit"]
    passed = {word.split("=")[0] for before, word in zip(call.split(), call.split()[1:]) if before == "--env"}
    # GITHUB_ACTIONS says where it runs, and opens nothing.
    assert passed == {"CI", "GITHUB_ACTIONS", "CARGO_INCREMENTAL", "CARGO_TERM_COLOR"}
    assert f"rust:{toolchain()}-bookworm" in call


def test_git_in_the_container_trusts_files_of_the_runners_user(programs, tmp_path):
    source, home = tmp_path / "src", tmp_path / "home"
    home.mkdir()
    git(tmp_path, "init", "--quiet", str(source))
    git(source, "commit", "--quiet", "--allow-empty", "--message", "begin")
    # A container that is this machine: another home, other paths, and files of somebody else.
    programs.add("docker", f"""
        while [ "$1" != sh ]; do shift; done
        script=$(printf %s "$3" | sed 's#/src#{source}#g')
        shift 3
        export HOME={home} GIT_TEST_ASSUME_DIFFERENT_OWNER=1
        exec sh -ec "$script" "$@\"""")
    for command in [["git", "-C", str(source), "status"], ["git", "clone", "--shared", str(source), str(tmp_path / "clone")]]:
        ran = run("in-debian.sh", *command, PATH=programs.path)
        assert ran.code == 0, ran.said


def toolchain() -> str:
    return (ROOT / "rust-toolchain.toml").read_text().split('channel = "')[1].split('"')[0]


def test_all_builds_are_of_one_compiler():
    assert f"FROM rust:{toolchain()}-bookworm AS toolchain" in (ROOT / "Dockerfile").read_text()


def test_an_image_is_built_of_what_is_committed(programs, tmp_path):
    programs.add("docker", f"tar --list > {tmp_path}/context; env > {tmp_path}/environment")
    ran = run("build-image.sh", "gridos:candidate", PATH=programs.path)
    assert ran.code == 0, ran.said
    (call,) = programs.calls("docker")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    assert f"REVISION={head}" in call and "VERSION=0.1.0" in call and call.endswith("--file Dockerfile -")
    context = (tmp_path / "context").read_text().splitlines()
    assert "Cargo.lock" in context and not [name for name in context if name.startswith((".git/", "target/"))]
    dated = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    assert f"SOURCE_DATE_EPOCH={dated}" in (tmp_path / "environment").read_text().splitlines()


def test_a_token_for_the_engine_comes_from_azure_and_is_masked(programs, tmp_path):
    programs.add("az", "echo a-token")
    programs.add("probe", f'printf %s "$GRIDOS_TOKEN" > {tmp_path}/seen')
    ran = run("with-token.sh", "probe", PATH=programs.path, GRIDOS_AUDIENCE="the-application", GITHUB_ACTIONS="true")
    assert ran.code == 0 and "::add-mask::a-token" in ran.output
    assert (tmp_path / "seen").read_text() == "a-token"
    assert "--scope the-application/.default" in programs.calls("az")[0]
    # Where access is off there is none, and nobody is asked.
    ran = run("with-token.sh", "probe", PATH=programs.path)
    assert (ran.code, (tmp_path / "seen").read_text(), len(programs.calls("az"))) == (0, "", 1)


def test_no_token_no_run(programs):
    programs.add("az", "exit 1")
    programs.add("probe")
    ran = run("with-token.sh", "probe", PATH=programs.path, GRIDOS_AUDIENCE="the-application")
    assert ran.code == 1 and "has this identity a role" in ran.said
    assert programs.calls("probe") == []


def test_snyk_is_asked_with_a_token_only(programs):
    programs.add("npx")
    assert run("snyk.sh", "sbom.json", PATH=programs.path).code == 0
    assert programs.calls("npx") == []
    assert run("snyk.sh", "sbom.json", PATH=programs.path, SNYK_TOKEN="t").code == 0
    assert "sbom test --experimental --severity-threshold=high --file=sbom.json" in programs.calls("npx")[0]


MADE = '{"cluster_name": "aks-gridos-dev", "vault_name": "kv-gridos-dev"}'


@pytest.fixture
def place(tmp_path):
    """The scripts beside an environment and an install script that only tells what it was called with."""
    scripts = tmp_path / "deploy/scripts"
    shutil.copytree(SCRIPTS, scripts / "ci")
    (tmp_path / "deploy/terraform/environments/dev").mkdir(parents=True)
    install = scripts / "install-argocd.sh"
    install.write_text(f'#!/bin/sh\necho "$* $KUBECONFIG" > {tmp_path}/installed\n')
    install.chmod(0o755)
    return tmp_path


def bootstrap(place, programs, made: str, group: str = "rg-gridos-dev"):
    programs.add("terraform", f"echo '{made}'")
    programs.add("az", f"test $2 = list && echo '{group}' || true")
    for name in ["kubectl", "helm", "kubelogin"]:
        programs.add(name)
    return run(str(place / "deploy/scripts/ci/bootstrap-cluster.sh"), "dev", PATH=programs.path)


def test_a_cluster_is_found_by_what_terraform_made(place, programs):
    ran = bootstrap(place, programs, MADE)
    assert ran.code == 0, ran.said
    assert "--resource-group rg-gridos-dev --name aks-gridos-dev" in programs.calls("az")[1]
    environment, vault, kubeconfig = (place / "installed").read_text().split()
    assert (environment, vault) == ("dev", "kv-gridos-dev")
    # Its own, which is gone afterwards: nobody's ~/.kube is touched.
    assert kubeconfig.startswith("/tmp/") and not (place / kubeconfig).exists()


def test_what_was_not_applied_is_not_bootstrapped(place, programs):
    for made, group in [("{}", "rg"), (MADE, "")]:
        assert bootstrap(place, programs, made, group).code == 1
    assert not (place / "installed").exists()


def test_coverage_says_what_is_missing(programs):
    programs.add("cargo", "exit 101")
    ran = run("coverage.sh", PATH=programs.path)
    assert ran.code == 2 and "cargo install --locked cargo-llvm-cov" in ran.said
    ran = run("sbom.sh", PATH=programs.path)
    assert ran.code == 2 and "cargo install --locked cargo-cyclonedx" in ran.said


@pytest.mark.parametrize("where, code", [({}, 0), ({"GITHUB_ACTIONS": "true"}, 1)], ids=["anywhere", "in the pipeline"])
def test_only_the_pipeline_needs_the_database_of_advisories(programs, where, code):
    text = (ROOT / "tests/run").read_text()
    version = text.split("CARGO_DENY_VERSION=")[1].split()[0]
    programs.add("cargo", f'case "$*" in "deny --version") echo "cargo-deny {version}";; "deny fetch db") exit 1;; esac')
    functions = [f"{name}() {{\n" + text.split(f"\n{name}() {{\n")[1].split("\n}\n")[0] + "\n}\n" for name in ["say", "deny"]]
    script = f"set -euo pipefail\nCARGO_DENY_VERSION={version}\n" + "".join(functions) + "deny\n"
    ran = subprocess.run(["bash", "-c", script], env={"PATH": programs.path} | where, capture_output=True, text=True)
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert "advisory database cannot be reached" in ran.stdout + ran.stderr
