"""monitor-rollout.sh against a stand-in for Argo CD: a canary's ways to end."""

import pytest

from support.argocd import TOKEN, ArgoCd, analysis_run, application, rollout
from support.scripts import run
from support.serving import Answer, as_json

PAUSED = rollout("Paused", pauseConditions=[{"reason": "CanaryPauseStep"}], message="CanaryPauseStep")
GOOD = rollout("Healthy", stable=True, currentStepIndex=12)


def monitor(argocd: ArgoCd, image: str = "test-new", **variables: str):
    defaults = {"ARGOCD_SERVER": argocd.url, "ARGOCD_TOKEN": TOKEN, "POLL_SECONDS": "0.05", "ROLLOUT_SECONDS_MAX": "120"}
    return run("monitor-rollout.sh", "gridos-dev", image, **defaults | variables)


def canary(*rollouts, runs=None) -> ArgoCd:
    return ArgoCd([application(images=("test-new",))], list(rollouts), runs)


def test_a_good_canary_is_followed_to_its_end():
    with canary(rollout("Progressing"), PAUSED, rollout("Progressing", currentStepIndex=4), GOOD) as argocd:
        ran = monitor(argocd)
    assert ran.code == 0, ran.said
    assert "Paused, step 1 of 12, weight 20 %" in ran.said and "test-new is stable" in ran.said


def test_what_was_before_the_new_image_is_not_taken_for_its_end():
    stale = rollout("Healthy", tag="test-old", stable=True)
    unseen = rollout("Healthy", stable=True, observedGeneration="6")
    aborted_before = rollout("Degraded", tag="test-old", abort=True)
    # Healthy is told, but the new version is not the stable one: the last step's promotion is under way.
    early = rollout("Healthy")
    with canary(aborted_before, stale, unseen, early, GOOD) as argocd:
        ran = monitor(argocd)
    assert ran.code == 0, ran.said
    assert "does not have the image yet" in ran.said and "has not seen the new Rollout yet" in ran.said
    assert len([request for request in argocd.requests if "kind=Rollout" in request.path]) == 5


def test_an_abort_fails_with_what_the_analysis_measured():
    message = "RolloutAborted: Rollout aborted update to revision 7: Metric \"error-rate\" assessed Failed"
    aborted = rollout("Degraded", abort=True, message=message)
    runs = {"gridos-7-2": analysis_run("Successful", "alive", "[1]"), "gridos-7-5": analysis_run("Failed", "error-rate", "[0.0831]")}
    with canary(PAUSED, aborted, runs=runs) as argocd:
        ran = monitor(argocd)
    assert ran.code == 1
    reason = ran.results["reason"]
    for part in [message, "AnalysisRun gridos-7-5 Failed", "[error-rate: Failed, measured [0.0831]]", "step 1 of 12"]:
        assert part in reason, reason
    assert "gridos-7-2" not in reason and "enough-batches" not in reason


def test_what_an_earlier_version_failed_by_is_not_told_of_this_one():
    runs = {"gridos-6-5": analysis_run("Failed", "error-rate", "[0.0831]", version="old"), "gridos-7-2": analysis_run("Failed", "p95", "[0.9]")}
    with canary(rollout("Degraded", abort=True, message="aborted"), runs=runs) as argocd:
        reason = monitor(argocd).results["reason"]
    assert "gridos-7-2" in reason and "gridos-6-5" not in reason and "error-rate" not in reason


def test_an_abort_is_seen_before_the_phase_is():
    with canary(rollout("Progressing", abort=True)) as argocd:
        ran = monitor(argocd, ROLLOUT_SECONDS_MAX="20")
    assert ran.code == 1 and "was rolled back" in ran.results["reason"]


def test_degraded_without_an_analysis_fails_with_its_message():
    with canary(rollout("Degraded", message="ProgressDeadlineExceeded: ReplicaSet has timed out progressing")) as argocd:
        ran = monitor(argocd)
    assert ran.code == 1 and "ProgressDeadlineExceeded" in ran.results["reason"]


def test_an_inconclusive_pause_waits_for_a_person_and_says_so():
    unclear = rollout("Paused", pauseConditions=[{"reason": "InconclusiveAnalysisRun"}])
    with canary(unclear, unclear, GOOD) as argocd:
        ran = monitor(argocd, GITHUB_ACTIONS="true")
    assert ran.code == 0, ran.said
    assert ran.said.count("::warning::") == 1 and "a person must promote or abort it" in ran.said
    with canary(unclear) as argocd:
        ran = monitor(argocd, ROLLOUT_SECONDS_MAX="1")
    assert ran.code == 1 and "within 1 s" in ran.said and "inconclusive" in ran.results["reason"]


def test_one_that_never_gets_well_ends_with_the_time():
    with canary(rollout("Progressing")) as argocd:
        ran = monitor(argocd, ROLLOUT_SECONDS_MAX="1")
    assert ran.code == 1 and "did not come to an end within 1 s; it stands at: Progressing" in ran.said


def test_a_wrong_token_is_told_at_once():
    with canary(GOOD) as argocd:
        ran = monitor(argocd, ARGOCD_TOKEN="wrong")
    assert ran.code == 1 and "(401)" in ran.said


@pytest.mark.parametrize(
    "garbage",
    [
        Answer(200, b"not json"),
        as_json({}),
        as_json({"manifest": "not json"}),
        as_json({"manifest": "[]"}),
        as_json({"manifest": '{"kind": "Rollout"}'}),
        as_json({"manifest": '{"status": "?", "spec": 3, "metadata": null}'}),
        as_json({"error": "not found"}, 404),
        as_json({"error": "unavailable"}, 503),
    ],
    ids=lambda answer: answer.body.decode()[:24],
)
def test_garbage_is_neither_an_end_nor_a_failure(garbage):
    with canary(garbage, GOOD) as argocd:
        ran = monitor(argocd)
    assert ran.code == 0, ran.said


def test_what_an_analysis_says_cannot_command_the_runner():
    run_ = analysis_run("Failed", "alive", "[0]")
    run_["status"]["message"] = "x\n::add-path::/evil\nreason=forged"
    with canary(rollout("Degraded", abort=True, message="a\n::stop-commands::b"), runs={"r": run_}) as argocd:
        ran = monitor(argocd, GITHUB_ACTIONS="true")
    lines = (ran.said + ran.output).splitlines()
    assert ran.code == 1
    assert [line for line in lines if line.startswith("::")] == [line for line in lines if line.startswith("::error::")]
    assert not ran.results["reason"].startswith("forged")
