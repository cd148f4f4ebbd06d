"""smoke.sh and integration.sh against a real engine, and against one each of whose answers is wrong in turn."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from conftest import skip
from support.cluster import Cluster, programs
from support.engine import BINARY, Engine
from support.scripts import ROOT, run
from support.serving import Answer
from support.spoiler import spoiled

FAST = {"SMOKE_TRIES": "2", "SMOKE_SECONDS": "0.05"}
PROBE = "integration-test.value"


@pytest.fixture(scope="module")
def place():
    if programs() is None:
        skip("there is no PostgreSQL server in /usr/lib/postgresql/*/bin")
    if not BINARY.exists():
        skip(f"there is no engine at {BINARY}; build it, or set GRIDOS_BINARY")
    folder = Path(tempfile.mkdtemp(prefix="gridos-delivery-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def cluster(place):
    cluster = Cluster(place / "cluster")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def engine(place, cluster):
    engine = Engine(place / "engine", cluster)
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def viewer(engine):
    return engine.tokens["viewer"]


@pytest.fixture(scope="module")
def engineer(engine):
    return engine.tokens["engineer"]


def smoke(url: str, **variables: str):
    return run("smoke.sh", url, **FAST | variables)


def integration(url: str, **variables: str):
    return run("integration.sh", url, **{"POLL_SECONDS": "0.1"} | variables)


def test_a_good_engine_is_well(engine, viewer):
    ran = smoke(engine.url + "/", GRIDOS_TOKEN=viewer, CA_FILE=str(engine.authority))
    assert ran.code == 0, ran.said
    assert [f"{name}: well" in ran.said for name in ("health", "status", "metrics")] == [True] * 3


def test_another_version_than_expected_is_not(engine, viewer):
    ran = smoke(engine.url, GRIDOS_TOKEN=viewer, CA_FILE=str(engine.authority), EXPECTED_VERSION="99.0.0")
    assert ran.code == 1 and "status: not well" in ran.said and "health: well" in ran.said


def test_an_unknown_authority_is_not_trusted(engine, viewer):
    ran = smoke(engine.url, GRIDOS_TOKEN=viewer)
    assert ran.code == 1 and "certificate" in ran.said


def test_without_a_token_only_health_is_shown(engine):
    ran = smoke(engine.url, CA_FILE=str(engine.authority))
    assert ran.code == 1
    assert ["health: well" in ran.said, "status: not well" in ran.said, "metrics: not well" in ran.said] == [True] * 3


def test_tries_are_counted_and_the_last_may_be_the_good_one(engine, viewer):
    asked = []

    def late(request, answer):
        asked.append(request.path)
        return Answer(503, b"{}") if asked.count(request.path) < 5 else answer

    with spoiled(engine.url, str(engine.authority), late) as url:
        ran = smoke(url, GRIDOS_TOKEN=viewer, SMOKE_TRIES="5")
        assert ran.code == 0, ran.said
        assert smoke(url, GRIDOS_TOKEN=viewer, SMOKE_TRIES="5").code == 0
    assert asked.count("/health") == 6
    asked.clear()
    with spoiled(engine.url, str(engine.authority), late) as url:
        assert smoke(url, GRIDOS_TOKEN=viewer, SMOKE_TRIES="4").code == 1
    assert asked.count("/health") == 4


@pytest.mark.parametrize("path, check", [("/health", "health"), ("/api/v1/scada/status", "status"), ("/metrics", "metrics")])
@pytest.mark.parametrize("wrong", [Answer(500, b"{}"), Answer(200, b""), Answer(200, b"{}"), Answer(200, b"<html>")], ids=str)
def test_each_look_fails_by_itself(engine, viewer, path, check, wrong):
    with spoiled(engine.url, str(engine.authority), lambda request, answer: wrong if request.path == path else answer) as url:
        ran = smoke(url, GRIDOS_TOKEN=viewer)
    assert ran.code == 1
    assert [line.split(":")[0] for line in ran.said.splitlines() if ": not well at try 2" in line] == [check], ran.said


def test_a_good_engine_does_what_it_should(engine, engineer, cluster):
    ran = integration(engine.url, GRIDOS_TOKEN=engineer, CA_FILE=str(engine.authority), INTEGRATION_CHANGE="1")
    assert ran.code == 0, ran.said
    assert ran.said.count(": well") == 7
    # It is what the database says, too: two values within the limit, and one beyond.
    rows = cluster.query("gridos", f"select value > 100 from reading where point = '{PROBE}' order by ts")
    assert rows.split() == ["f", "t", "f"]
    actions = cluster.query("gridos", f"select string_agg(action, ' ' order by ts) from alarm_history where alarm = '{PROBE}:limit'")
    assert "raised" in actions and "returned" in actions


def test_it_may_run_again_and_leaves_no_alarm_behind(engine, engineer):
    ran = integration(engine.url, GRIDOS_TOKEN=engineer, CA_FILE=str(engine.authority))
    assert ran.code == 0, ran.said
    listed = subprocess.run(engine.alarms(engineer), capture_output=True, text=True, check=True).stdout
    assert listed == ""


def test_a_viewer_may_not_post(engine, viewer):
    ran = integration(engine.url, GRIDOS_TOKEN=viewer, CA_FILE=str(engine.authority), INTEGRATION_SECONDS_MAX="1")
    assert ran.code == 1 and "post_and_get_back: not well: status 403" in ran.said


def without_value(answer: Answer) -> Answer:
    told = json.loads(answer.body)
    for reading in told.get("readings", []):
        reading["value"] = 1e9
    return Answer(answer.status, json.dumps(told).encode())


def twice(answer: Answer) -> Answer:
    told = json.loads(answer.body)
    told["readings"] = told.get("readings", []) * 2
    return Answer(answer.status, json.dumps(told).encode())


def edited(answer: Answer, old: str, new: str) -> Answer:
    return Answer(answer.status, answer.body.replace(old.encode(), new.encode()), answer.content_type)


# What is wrong, the method and the beginning of the path that it concerns, what becomes of the answer (the request is done all
# the same), and which checks must say so.
FAULTS = {
    "the database is away": ("GET", "/api/v1/scada/status", lambda a: edited(a, '"connected":true', '"connected":false'), {"database"}),
    "posts are refused": ("POST", "/api/v1/scada/data", lambda _: Answer(503, b"{}"), {"post_and_get_back", "alarm_raised_and_returned"}),
    "posts take nothing": ("POST", "/api/v1/scada/data", lambda a: edited(a, '"accepted":1', '"accepted":0'), {"post_and_get_back", "alarm_raised_and_returned"}),
    "the history is wrong": ("GET", "/api/v1/scada/data", without_value, {"post_and_get_back"}),
    "the history has it twice": ("GET", "/api/v1/scada/data", twice, {"post_and_get_back"}),
    "the history is empty": ("GET", "/api/v1/scada/data", lambda _: Answer(200, b""), {"post_and_get_back"}),
    "a metric is missing": ("GET", "/metrics", lambda a: edited(a, "gridos_readings_lost_total", "gridos_other_total"), {"metrics"}),
    "there are no metrics": ("GET", "/metrics", lambda _: Answer(404, b""), {"metrics"}),
    "no list of alarms": ("GET", "/api/v1/alarms?", lambda _: Answer(200, b"{}"), {"alarms"}),
    "no summary": ("GET", "/api/v1/alarms/summary", lambda _: Answer(500, b""), {"alarms"}),
    "no measures of alarms": ("GET", "/api/v1/alarms/metrics", lambda _: Answer(200, b"[]"), {"alarms"}),
    "no definitions": ("GET", "/api/v1/alarms/thresholds/", lambda _: Answer(404, b"{}"), {"thresholds", "alarm_raised_and_returned", "change_a_threshold"}),
    "definitions take anything": ("PUT", "/api/v1/alarms/thresholds/", lambda _: Answer(200, b'{"changed":true}'), {"thresholds"}),
    "definitions take nothing": ("PUT", "/api/v1/alarms/thresholds/", lambda _: Answer(422, b"{}"), {"thresholds", "change_a_threshold"}),
    "alarms have no history": ("GET", f"/api/v1/alarms/{PROBE}:limit/history", lambda _: Answer(200, b'{"records":[]}'), {"alarm_raised_and_returned"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_check_fails_by_itself(engine, engineer, fault):
    method, path, spoil, expected = FAULTS[fault]

    def wrong(request, answer):
        return spoil(answer) if request.method == method and request.path.startswith(path) else answer

    with spoiled(engine.url, str(engine.authority), wrong) as url:
        # Where something never comes, this is waited for in vain; elsewhere it ends as soon as it has come.
        patience = "4" if "history" in fault else "60"
        # What must fail, and one that must not.
        well = "metrics" if "database" in expected else "database"
        checks = " ".join([*sorted(expected), well])
        ran = integration(url, GRIDOS_TOKEN=engineer, INTEGRATION_SECONDS_MAX=patience, INTEGRATION_CHECKS=checks, INTEGRATION_CHANGE="1")
    failed = {line.split(":")[0] for line in ran.said.splitlines() if ": not well" in line}
    assert (ran.code, failed) == (1, expected), ran.said
    assert f"{well}: well" in ran.said


def test_what_runbooks_ask_the_database_it_can_be_asked(engine, cluster):
    asked = 0
    for page in sorted((ROOT / "deploy/docs/runbooks").glob("*.md")):
        for block in re.findall(r"```sql\n(.*?)```", page.read_text(), re.S):
            cluster.query("gridos", block)
            asked += 1
    assert asked >= 4


def test_nobody_there_is_not_well():
    ran = integration("http://127.0.0.1:9", INTEGRATION_SECONDS_MAX="1")
    assert ran.code == 1 and ran.said.count(": not well") == 6, ran.said
