"""What the books of the delivery point at is there."""

import re

import pytest

from support.scripts import ROOT

BOOKS = [ROOT / "deploy/docs" / f"{name}.md" for name in ("BRANCHING_STRATEGY", "TESTING_GUIDE", "CI_CD_INTERVIEW_GUIDE")]


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
