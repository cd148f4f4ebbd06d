"""What the books of the delivery point at is there."""

import re

import pytest

from support.scripts import ROOT

NAMES = ("BRANCHING_STRATEGY", "TESTING_GUIDE", "CI_CD_INTERVIEW_GUIDE", "GITOPS_COMPLETE_FLOW")
BOOKS = [*[ROOT / "deploy/docs" / f"{name}.md" for name in NAMES], ROOT / "deploy/README.md"]


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_links_and_scripts_are_there(book):
    text = book.read_text()
    for link in re.findall(r"\]\(([^)]+)\)", text):
        name, _, anchor = link.partition("#")
        target = (book.parent / name).resolve() if name else book
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link
    for name in re.findall(r"(?:deploy|tests)/[\w./-]+\.sh|\.github/[\w./-]+", text):
        assert (ROOT / name.rstrip(".")).exists(), name
    for name in re.findall(r"`([\w-]+\.sh)`", text):
        assert list((ROOT / "deploy/scripts").rglob(name)), name


def test_the_table_of_branches_is_what_the_script_does():
    text = BOOKS[0].read_text()
    rows = re.findall(r"^\| `(\w+)` \| `gridos-(\w+)` \|", text, re.M)
    script = (ROOT / "deploy/scripts/ci/environment-of-branch.sh").read_text()
    assert rows == [("dev", "dev"), ("test", "test"), ("main", "prod")]
    assert "dev | test) environment=$1" in script and "main) environment=prod" in script


def owners(path: str) -> set[str]:
    """Of a folder: of the last line of CODEOWNERS that names it or one above it, as GitHub takes them."""
    found: set[str] = set()
    for line in (ROOT / ".github/CODEOWNERS").read_text().splitlines():
        pattern, *who = line.partition("#")[0].split() or [""]
        if pattern == "*" or (pattern and f"/{path}/".startswith(pattern)):
            found = set(who)
    return found


def test_what_production_gets_by_a_merge_is_owned_by_operations():
    read = set()
    for file in (ROOT / "deploy/argocd").rglob("*.yaml"):
        read |= set(re.findall(r"^ +(?:- )?path: (\S+)$", file.read_text(), re.M))
    base = (ROOT / "deploy/applications/gridos/base/kustomization.yaml").read_text()
    for name in re.findall(r"^- (\.\./\S+)$", base, re.M):
        read.add(str((ROOT / "deploy/applications/gridos/base" / name).resolve().relative_to(ROOT)))
    read |= {"deploy/applications/gridos/base", "deploy/applications/nats", "deploy/argocd/helm-values", "deploy/terraform"}
    assert {"deploy/analysis", "deploy/prometheus", "deploy/rollout", "examples/grafana", "deploy/argocd/projects"} <= read
    elsewhere = {f"deploy/applications/gridos/overlays/{name}" for name in ("dev", "test")}
    assert elsewhere < read
    assert [path for path in sorted(read - elsewhere) if "@example/operations" not in owners(path)] == []
    assert owners("crates/ring") == {"@example/maintainers"}
