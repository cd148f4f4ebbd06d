"""Each alert leads to a page that says what to do, each page is of an alert, and what the pages say exists."""

import re
import subprocess

import pytest
import yaml

from conftest import skip
from support.engine import BINARY
from support.scripts import ROOT

BOOK = ROOT / "deploy/docs/runbooks"
URL = "https://github.com/example/gridos/blob/main/deploy/docs/runbooks/"
# Of Prometheus about containers and itself, not of the engine.
FOREIGN = {"container_cpu_cfs_throttled_periods_total"}


def alerts() -> dict[str, dict]:
    found = {}
    for name in ["rules.yml", "alarms.yml"]:
        for group in yaml.safe_load((ROOT / "deploy/prometheus" / name).read_text())["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    found[rule["alert"]] = rule | {"file": name}
    # What only a cluster knows.
    for document in yaml.safe_load_all((ROOT / "deploy/applications/gridos/base/monitoring.yaml").read_text()):
        for group in document["spec"].get("groups", []):
            found |= {rule["alert"]: rule | {"file": "monitoring.yaml"} for rule in group["rules"]}
    return found


ALERTS = alerts()
PAGES = {page.stem: page.read_text() for page in sorted(BOOK.glob("*.md")) if page.stem != "README"}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def test_each_alert_has_a_page_and_each_page_an_alert():
    assert len(ALERTS) >= 30
    assert set(PAGES) == set(ALERTS)
    index = (BOOK / "README.md").read_text()
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook_url"] == f"{URL}{name}.md"
        assert f"[{name}]({name}.md)" in index


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(name):
    text, rule = PAGES[name], ALERTS[name]
    assert text.startswith(f"# {name}\n\nSeverity: {rule['labels']['severity']}. The rule: [`{rule['file']}`]")
    parts = re.split(r"\n## ", text)
    assert [part.splitlines()[0] for part in parts[1:]] == ["Look", "Do", "It is over when"]
    assert all(len(part.strip()) > 30 for part in parts)
    assert blocks(text, "promql"), "where does one see it?"


@pytest.mark.parametrize("name", [*PAGES, "README"])
def test_links_lead_somewhere(name):
    for link in re.findall(r"\]\(([^)#]+)", (BOOK / f"{name}.md").read_text()):
        assert (BOOK / link).resolve().exists() or link.startswith("https://"), link


def series() -> set[str]:
    catalogue = (ROOT / "docs/reference/metrics.md").read_text()
    recorded = re.findall(r"record: (\S+)", (ROOT / "deploy/prometheus/recording.yml").read_text())
    return set(re.findall(r"^\| `(gridos_\w+)`", catalogue, re.M)) | set(recorded)


@pytest.mark.parametrize("name", PAGES)
def test_series_and_views_exist(name):
    known = series()
    for block in blocks(PAGES[name], "promql"):
        for word in re.findall(r"\bgridos[_:][\w:]+", block):
            assert word in known or re.sub("_(bucket|count|sum)$", "", word) in known, word
    tables = (ROOT / "docs/reference/sql.md").read_text()
    for block in blocks(PAGES[name], "sql"):
        for table in re.findall(r"\bfrom (\w+)", block):
            assert table.startswith("pg_") or f"`{table}`" in tables or f"## {table}\n" in tables, table


def help_of(command: tuple[str, ...], cache: dict = {}) -> str:
    if command not in cache:
        ran = subprocess.run([BINARY, *command, "--help"], capture_output=True, text=True)
        cache[command] = ran.stdout if ran.returncode == 0 else ""
    return cache[command]


@pytest.mark.parametrize("name", [*PAGES, "README"])
def test_commands_exist(name):
    if not BINARY.exists():
        skip(f"there is no engine at {BINARY}; build it, or set GRIDOS_BINARY")
    text = (BOOK / f"{name}.md").read_text()
    inline = re.findall(r"`(gridos [^`]+)`", text)
    lines = [line.split(" -- ")[-1] for block in blocks(text, "sh") for line in block.splitlines()]
    for line in [*inline, *[line for line in lines if line.startswith("gridos ")]]:
        words = line.split()[1:]
        command = ()
        # As many words as are commands: of `alarms list`, both.
        while words and re.fullmatch("[a-z0-9-]+", words[0]) and not words[0].startswith("-") and help_of((*command, words[0])):
            command = (*command, words.pop(0))
        assert command, f"{line}: no such command"
        shown = help_of(command)
        for option in re.findall(r"(?<!\S)--[a-z-]+", line):
            assert re.search(rf"{option}\b", shown), f"{line}: no option {option}"
