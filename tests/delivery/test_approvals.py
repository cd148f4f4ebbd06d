"""verify-approvals.sh: two people, none of them who started the run."""

import pytest

from support.scripts import run
from support.serving import Answer, Server, as_json

VARIABLES = {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "example/gridos", "GITHUB_RUN_ID": "42", "GITHUB_ACTOR": "anna"}


def approval(login: str, state: str = "approved") -> dict:
    return {"state": state, "comment": "", "environments": [{"name": "production"}], "user": {"login": login}}


def verify(answer: Answer, **variables: str):
    with Server(lambda _: answer) as github:
        ran = run("verify-approvals.sh", **VARIABLES | {"GITHUB_API_URL": github.url} | variables)
    assert [request.path for request in github.requests] == ["/repos/example/gridos/actions/runs/42/approvals"]
    assert github.requests[0].headers["Authorization"] == "Bearer t"
    return ran


def test_two_people_are_enough():
    ran = verify(as_json([approval("ben"), approval("clara")]))
    assert ran.code == 0 and ran.results["approvers"] == "ben clara", ran.said


@pytest.mark.parametrize(
    "approvals",
    [
        [],
        [approval("ben")],
        [approval("ben"), approval("ben")],
        [approval("ben"), approval("BEN")],
        [approval("ben"), approval("anna")],
        [approval("ben"), approval("clara", "rejected")],
        [approval("ben"), {"state": "approved", "user": None}],
    ],
    ids=["nobody", "one", "one twice", "one in capitals", "who started it", "a rejection", "nobody known"],
)
def test_less_is_not(approvals):
    ran = verify(as_json(approvals))
    assert ran.code == 1 and "2 different people must" in ran.said


def test_who_ran_it_again_does_not_count_either():
    ran = verify(as_json([approval("ben"), approval("clara")]), GITHUB_TRIGGERING_ACTOR="clara")
    assert ran.code == 1


@pytest.mark.parametrize("answer", [as_json({"message": "Not Found"}, 404), as_json({"a": 1}), Answer(200, b"?"), as_json(["x"])])
def test_what_cannot_be_read_approves_nothing(answer):
    assert verify(answer).code == 1
