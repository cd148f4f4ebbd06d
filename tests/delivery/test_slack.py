"""notify-slack.sh: what it tells, and that nothing in it is taken for markup or JSON."""

import json

import pytest

from support.scripts import run
from support.serving import Answer, Server

VARIABLES = {
    "ENVIRONMENT": "dev",
    "APPLICATION": "gridos-dev",
    "ARGOCD_SERVER": "https://argocd.gridos.example.com",
    "IMAGE_TAG": "test-abc1234",
    "COMMIT_SHA": "abc1234def",
    "RUN_URL": "https://github.com/example/gridos/actions/runs/1",
}


def notify(outcome: str, answer: Answer = Answer(200, b"ok"), **variables: str):
    with Server(lambda _: answer) as slack:
        ran = run("notify-slack.sh", outcome, **VARIABLES | {"SLACK_WEBHOOK_URL": f"{slack.url}/services/T/B/secret"} | variables)
    return ran, slack.requests


@pytest.mark.parametrize("outcome", ["success", "failure", "cancelled"])
def test_tag_commit_and_link_are_told(outcome):
    ran, requests = notify(outcome)
    assert ran.code == 0, ran.said
    (request,) = requests
    assert (request.method, request.path, request.headers["Content-Type"]) == ("POST", "/services/T/B/secret", "application/json")
    message = json.loads(request.body)
    assert message["text"] == f"GridOS dev: {outcome}"
    told = json.dumps(message["blocks"])
    for part in ["test-abc1234", "abc1234def", "<https://argocd.gridos.example.com/applications/argocd/gridos-dev|Argo CD>"]:
        assert part in told


def test_whatever_stands_in_a_variable_is_text():
    evil = '"}], "text": "<!channel> $(id) `id` \\" & <https://evil|click>\n'
    ran, requests = notify("failure", REASON=evil, IMAGE_TAG=evil, ENVIRONMENT=evil)
    assert ran.code == 0, ran.said
    message = json.loads(requests[0].body)
    assert set(message) == {"text", "blocks"}
    reason = message["blocks"][2]["text"]["text"]
    assert reason == evil.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert "<!channel>" not in requests[0].body.decode()


def test_without_an_address_nobody_is_told_and_nothing_fails():
    ran = run("notify-slack.sh", "success", **VARIABLES)
    assert ran.code == 0 and "nobody is told" in ran.said


def test_a_refusal_fails_and_does_not_show_the_address():
    ran, _ = notify("success", Answer(403, b"invalid_token"))
    assert ran.code == 1 and "invalid_token" in ran.said and "secret" not in ran.said


def test_another_outcome_is_refused():
    assert run("notify-slack.sh", "fine", **VARIABLES).code == 2
