"""promote-digest.sh, tested-digest.sh and source-id.sh: what was tested goes on, bit for bit."""

import hashlib
import os
import re
import tarfile
from urllib.parse import parse_qs

import pytest

from support.programs import Programs
from support.repository import git
from support.scripts import ROOT, run
from support.serving import Answer, Request, Server, as_json

# Bytes that no program would write again like this: a promoted manifest must be the same, not an equal one.
MANIFEST = b'{ "schemaVersion": 2,\n  "mediaType":"application/vnd.oci.image.index.v1+json", "manifests": [] }\n'
OTHER = MANIFEST.replace(b"[]", b"[ ]")


def digest(manifest: bytes) -> str:
    return "sha256:" + hashlib.sha256(manifest).hexdigest()


class Registry(Server):
    """A stand-in for a registry: tags and their manifests, and tokens as Azure's exchanges them."""

    def __init__(self, **tags: bytes):
        self.tags = {name.replace("_", "-"): manifest for name, manifest in tags.items()}
        self.spoil = None
        super().__init__(self.answer)

    def answer(self, request: Request) -> Answer:
        if request.path == "/oauth2/token":
            form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
            if form["refresh_token"] != "refresh+&=":
                return as_json({"errors": [{"code": "UNAUTHORIZED"}]}, 401)
            assert form["scope"] == "repository:gridos:pull,push" and form["grant_type"] == "refresh_token"
            return as_json({"access_token": "access"})
        if request.headers.get("Authorization") != "Bearer access":
            return as_json({"errors": [{"code": "UNAUTHORIZED"}]}, 401)
        name = request.path.removeprefix("/v2/gridos/manifests/")
        if request.method == "PUT":
            assert request.headers["Content-Type"] == "application/vnd.oci.image.index.v1+json"
            self.tags[name] = self.spoil or request.body
            return Answer(201)
        known = self.tags | {digest(manifest): manifest for manifest in self.tags.values()}
        assert "application/vnd.oci.image.index.v1+json" in request.headers["Accept"]
        return Answer(200, known[name]) if name in known else as_json({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 404)


def script(name: str, registry: Registry, *arguments: str, **variables: str):
    image = registry.url.removeprefix("http://") + "/gridos"
    defaults = {"IMAGE": image, "REGISTRY_SCHEME": "http", "REGISTRY_REFRESH_TOKEN": "refresh+&="}
    return run(name, *arguments, **defaults | variables)


def test_the_same_bytes_get_the_other_tag():
    with Registry(tested_1=MANIFEST) as registry:
        ran = script("promote-digest.sh", registry, "tested-1", "v12")
        assert (ran.code, ran.results) == (0, {"digest": digest(MANIFEST)}), ran.said
        assert registry.tags["v12"] == MANIFEST
        # A digest is as good as a tag, and the same again is no mistake.
        assert script("promote-digest.sh", registry, digest(MANIFEST), "v12").code == 0
        assert [request.method for request in registry.requests].count("PUT") == 1


def test_a_version_is_not_moved_and_what_was_tested_is():
    with Registry(tested_1=MANIFEST, v12=OTHER) as registry:
        ran = script("promote-digest.sh", registry, "tested-1", "v12")
        assert ran.code == 1 and "versions are not moved" in ran.said
        assert registry.tags["v12"] == OTHER
        assert script("promote-digest.sh", registry, "tested-1", "v12", MOVE="1").code == 0
        assert registry.tags["v12"] == MANIFEST


def test_what_was_not_tested_is_not_promoted():
    with Registry() as registry:
        ran = script("promote-digest.sh", registry, "tested-1", "v12")
        assert ran.code == 1 and "has this source passed the tests" in ran.said
        assert registry.tags == {}
        ran = script("tested-digest.sh", registry, "tested-1")
        assert ran.code == 1 and ran.results == {}


def test_a_registry_that_keeps_something_else_is_found_out():
    with Registry(tested_1=MANIFEST) as registry:
        registry.spoil = OTHER
        assert script("promote-digest.sh", registry, "tested-1", "v12").code == 1


def test_who_is_not_let_in_is_told():
    with Registry(tested_1=MANIFEST) as registry:
        ran = script("tested-digest.sh", registry, "tested-1", REGISTRY_REFRESH_TOKEN="wrong")
        assert ran.code == 1 and "does not let the pipeline in: status 401" in ran.said
        assert script("tested-digest.sh", registry, "tested-1", REGISTRY_REFRESH_TOKEN="", REGISTRY_TOKEN="wrong").code == 1
        assert script("tested-digest.sh", registry, "tested-1", REGISTRY_REFRESH_TOKEN="", REGISTRY_TOKEN="access").code == 0


def docker(folder, registry_url: str) -> str:
    """A stand-in for Docker on the PATH, which pushes a manifest as it would; what it was told is in `folder`/told."""
    (folder / "manifest").write_bytes(MANIFEST)
    program = folder / "docker"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/told\n'
        f'if [ "$1" = image ]; then for last; do :; done; case $last in gridos:*) cat {folder}/ours;; *) cat {folder}/there;; esac; fi\n'
        f'test "$1" = push || exit 0\n'
        f'exec curl -sf -X PUT -H "Authorization: Bearer access" -H "Content-Type: application/vnd.oci.image.index.v1+json" '
        f'--data-binary @{folder}/manifest "{registry_url}/v2/gridos/manifests/${{2##*:}}"\n'
    )
    program.chmod(0o755)
    for side in ["ours", "there"]:
        (folder / side).write_text("0123456789abcdef\n")
    return f"{folder}:{os.environ['PATH']}"


def test_an_image_is_pushed_once_and_a_second_run_finds_it(tmp_path):
    with Registry() as registry:
        path = docker(tmp_path, registry.url)
        ran = script("push-image.sh", registry, "gridos:candidate", "test-1", PATH=path)
        assert (ran.code, ran.results) == (0, {"digest": digest(MANIFEST)}), ran.said
        (tmp_path / "manifest").write_bytes(OTHER)
        ran = script("push-image.sh", registry, "gridos:candidate", "test-1", PATH=path)
        assert (ran.code, ran.results) == (0, {"digest": digest(MANIFEST)}), ran.said
        assert "not pushed again" in ran.said
        assert [line.split()[0] for line in (tmp_path / "told").read_text().splitlines()] == ["tag", "push", "pull", "image", "image"]


def test_another_commit_with_the_same_seven_letters_is_not_taken_for_this_one(tmp_path):
    with Registry(test_1=OTHER) as registry:
        path = docker(tmp_path, registry.url)
        (tmp_path / "there").write_text("0123456fedcba987\n")
        ran = script("push-image.sh", registry, "gridos:candidate", "test-1", PATH=path)
        assert ran.code == 1 and "of another commit (0123456fedcba987, and not 0123456789abcdef)" in ran.said
        assert ran.results == {}


@pytest.mark.parametrize("tags", [("a b", "v1"), ("tested-1", "../v1"), ("sha256:12", "v1"), ("tested-1", "")])
def test_what_is_no_tag_is_refused(tags):
    with Registry(tested_1=MANIFEST) as registry:
        assert script("promote-digest.sh", registry, *tags).code == 2
        assert registry.requests == []


def test_a_source_is_known_by_what_the_image_is_built_of(tmp_path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--shared", str(ROOT), str(clone))
    for name in ["Dockerfile", ".dockerignore"]:
        (clone / name).write_text("as it is\n")
    commit(clone)

    def source() -> str:
        ran = run("source-id.sh", cwd=clone)
        assert ran.code == 0, ran.said
        return ran.results["source"]

    before = source()
    assert len(before) == 16 and source() == before
    for name in ["README.md", "deploy/applications/gridos/overlays/dev/kustomization.yaml", ".github/workflows/ci-cd.yml"]:
        write(clone / name)
    commit(clone)
    assert source() == before
    for name in ["crates/new/src/lib.rs", "Cargo.lock", "Dockerfile", "deploy/analysis/gridos-step.yaml", "deploy/rollout/steps.yaml"]:
        write(clone / name)
        commit(clone)
        assert source() != before, name
        before = source()


def copied_by_the_dockerfile() -> set[str]:
    lines = [line.split()[1:-1] for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY ") and "--from" not in line]
    return {name.strip("/") for names in lines for name in names}


def test_all_that_the_image_is_built_of_is_in_the_name():
    copied = copied_by_the_dockerfile()
    named = run("source-id.sh", cwd=ROOT)
    text = (ROOT / "deploy/scripts/ci/source-id.sh").read_text()
    inputs = set(text.split("INPUTS=(")[1].split(")")[0].split())
    assert copied and copied <= inputs, copied - inputs
    assert inputs - copied == {"Dockerfile", ".dockerignore"}
    assert named.code == 0, named.said


def test_what_the_dockerfile_copies_is_all_that_crates_include(tmp_path):
    archive = tmp_path / "files.tar"
    git(ROOT, "archive", f"--output={archive}", "HEAD", *sorted(copied_by_the_dockerfile()))
    with tarfile.open(archive) as files:
        assert [member.name for member in files if member.issym()] == []
        files.extractall(tmp_path / "files", filter="data")
    included = 0
    for source in (tmp_path / "files/crates").rglob("*.rs"):
        # What only tests include is not compiled into an image.
        parent = source.parent / "mod.rs"
        tests_only = f"#[cfg(test)]\nmod {source.stem};" in (parent.read_text() if parent.exists() else "")
        if tests_only or "tests" in source.parts or source.stem == "tests":
            continue
        compiled = source.read_text().split("#[cfg(test)]\nmod tests")[0]
        for name in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', compiled):
            included += 1
            assert (source.parent / name).resolve().is_file(), f"{source.name} includes {name}, which the Dockerfile does not copy"
    assert included >= 3


def test_the_files_of_the_image_are_unpacked_as_they_are_committed(tmp_path):
    programs = Programs(tmp_path)
    for name in ["unshare", "setpriv"]:
        programs.add(name)
    # It ends where it would build: with a cargo that does not.
    programs.add("cargo", "exit 77")
    ran = run("../build-image-steps.sh", str(tmp_path / "image"), PATH=programs.path, CARGO="cargo")
    assert ran.code == 77 and "unpacked: " in ran.said, ran.said
    for name in copied_by_the_dockerfile():
        assert (tmp_path / "image/src" / name).exists(), name


def write(file) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("something else\n")


def commit(folder) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "change")


@pytest.mark.parametrize("environment, tag", [("dev", "test-0123456"), ("test", "test-0123456"), ("prod", "v12"), ("", "")])
def test_what_a_run_calls_its_image(environment, tag):
    ran = run("tag-of-run.sh", environment, GITHUB_SHA="0123456789abcdef", GITHUB_RUN_NUMBER="12")
    assert (ran.code, ran.results) == (0, {"tag": tag})


@pytest.mark.parametrize(
    "branch, environment, writer",
    [("dev", "dev", "dev"), ("test", "test", "test"), ("main", "prod", "production"), ("feature/x", "", ""), ("", "", ""), ("prod", "", "")],
)
def test_where_a_branch_goes(branch, environment, writer):
    ran = run("environment-of-branch.sh", branch)
    assert (ran.results["environment"], ran.results["writer"]) == (environment, writer)
    assert ran.results["application"] == (f"gridos-{environment}" if environment else "")


