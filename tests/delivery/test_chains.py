"""Which jobs of ci-cd.yml run in which story, by their own conditions."""

import re

import pytest
import yaml

from support.scripts import ROOT

JOBS = yaml.safe_load((ROOT / ".github/workflows/ci-cd.yml").read_text())["jobs"]
STATUS = ("always()", "cancelled()", "failure()", "success()")


def condition(job: str) -> str:
    """Of GitHub's language as one of Python's, over `R` (results by job) and `O` (outputs by job)."""
    text = " ".join(str(JOBS[job].get("if", "success()")).split())
    if not any(function in text for function in STATUS):
        text = f"success() && ({text})"
    text = re.sub(r"needs\.([\w-]+)\.result", r"R['\1']", text)
    text = re.sub(r"needs\.([\w-]+)\.outputs\.(\w+)", r"O['\1'].get('\2', '')", text)
    text = text.replace("contains(needs.*.result, 'failure')", "('failure' in [R[j] for j in needs])")
    text = text.replace("!cancelled()", "True").replace("always()", "True").replace("success()", "all(R[j] == 'success' for j in needs)")
    assert "github." not in text and "!" not in text.replace("!=", "")
    return text.replace("&&", " and ").replace("||", " or ")


def story(environment: str, changed: str = "true", **ends: str) -> dict[str, str]:
    """Results by job; `ends` says which jobs do not succeed, if they run."""
    results, outputs = {}, {job: {} for job in JOBS}
    outputs["build-and-test"]["environment"] = environment
    waiting = list(JOBS)
    while waiting:
        job = next(job for job in waiting if set(JOBS[job].get("needs", [])) <= set(results))
        waiting.remove(job)
        runs = eval(condition(job), {"R": results, "O": outputs, "needs": JOBS[job].get("needs", []), "all": all})
        results[job] = ends.get(job.replace("-", "_"), "success") if runs else "skipped"
        # Its first step asks how the gates ended.
        if job == "build-and-test" and runs and results["gates"] != "success":
            results[job] = "failure"
        if job == "update-manifests" and results[job] == "success":
            outputs[job]["changed"] = changed
    return results


def ran(results: dict[str, str]) -> set[str]:
    return {job for job, result in results.items() if result != "skipped"}


FOLLOW = {"wait-for-argocd-sync", "monitor-rollout", "smoke-tests"}
UP_TO_BUILD = {"gates", "build-and-test"}
UP_TO_COMMIT = UP_TO_BUILD | {"update-manifests"}


def test_other_branches_are_built_and_tested_only():
    assert ran(story("")) == UP_TO_BUILD
    assert ran(story("", build_and_test="failure")) == UP_TO_BUILD


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_dev_and_test_ask_nobody_and_test_everything(environment):
    assert ran(story(environment)) == UP_TO_COMMIT | FOLLOW | {"integration-tests", "notify"}


def test_production_is_approved_and_raises_no_alarm():
    assert ran(story("prod")) == UP_TO_COMMIT | FOLLOW | {"production-approval", "notify"}


@pytest.mark.parametrize("end", ["failure", "cancelled"])
def test_without_approval_nothing_is_written(end):
    assert ran(story("prod", production_approval=end)) == UP_TO_BUILD | {"production-approval", "notify"}


@pytest.mark.parametrize("environment", ["dev", "test", "prod"])
def test_a_gate_that_is_not_passed_ends_it(environment):
    assert ran(story(environment, build_and_test="failure")) == UP_TO_BUILD | {"notify"}
    # The check that is demanded fails, too: skipped, it would count as passed.
    for end in ["failure", "cancelled"]:
        results = story(environment, gates=end)
        assert ran(results) == UP_TO_BUILD | {"notify"} and results["build-and-test"] == "failure"


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("job", ["wait-for-argocd-sync", "monitor-rollout", "smoke-tests"])
def test_what_fails_after_the_commit_is_taken_back_and_told(environment, job):
    results = story(environment, **{job.replace("-", "_"): "failure"})
    after = [name for name in ["wait-for-argocd-sync", "monitor-rollout", "smoke-tests", "integration-tests"]]
    assert {results[name] for name in after[after.index(job) + 1 :]} == {"skipped"}
    assert results["revert-manifests"] == "success" and results["notify"] == "success"


def test_a_failed_integration_test_is_taken_back():
    assert story("test", integration_tests="failure")["revert-manifests"] == "success"


def test_nothing_is_taken_back_that_was_not_written_or_did_not_fail():
    assert story("dev", update_manifests="failure")["revert-manifests"] == "skipped"
    assert story("dev", changed="false", monitor_rollout="failure")["revert-manifests"] == "skipped"
    assert story("dev")["revert-manifests"] == "skipped"
    # Who breaks a run off by hand decides by hand.
    assert story("dev", monitor_rollout="cancelled")["revert-manifests"] == "skipped"
