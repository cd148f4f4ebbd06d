"""What the workflows promise, read from them: order, rights, patience, one run at a time, approvals."""

import re

import pytest
import yaml

from support.scripts import ROOT, SCRIPTS

WORKFLOWS = {path.name: path for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
EIGHT = [
    "build-and-test",
    "update-manifests",
    "wait-for-argocd-sync",
    "monitor-rollout",
    "smoke-tests",
    "integration-tests",
    "production-approval",
    "notify",
]


def load(name: str) -> dict:
    loaded = yaml.safe_load(WORKFLOWS[name].read_text())
    # YAML takes the key `on` for a truth value.
    loaded["on"] = loaded.pop(True)
    return loaded


ALL = [(name, job, body) for name in WORKFLOWS for job, body in load(name)["jobs"].items()]
CI = load("ci-cd.yml")
JOBS = CI["jobs"]


def steps_text(job: str) -> str:
    return "\n".join(str(step.get("run", "")) for step in JOBS[job]["steps"])


def test_the_eight_jobs_are_there_and_one_of_gates_and_one_that_takes_back():
    assert sorted(JOBS) == sorted([*EIGHT, "gates", "revert-manifests"])
    assert all(JOBS[job]["name"] == job for job in JOBS)


def test_each_waits_for_what_it_builds_on():
    needs = {job: set(body.get("needs", [])) - {"build-and-test", "update-manifests"} for job, body in JOBS.items()}
    assert needs["wait-for-argocd-sync"] == set()
    assert needs["monitor-rollout"] == {"wait-for-argocd-sync"}
    assert needs["smoke-tests"] == {"monitor-rollout"}
    assert needs["integration-tests"] == {"smoke-tests"}
    assert "update-manifests" in JOBS["wait-for-argocd-sync"]["needs"]
    assert set(JOBS["notify"]["needs"]) == set(JOBS) - {"notify"}


def test_production_is_approved_before_anything_is_written():
    assert "production-approval" in JOBS["update-manifests"]["needs"]
    assert JOBS["production-approval"]["environment"] == "production-approval"
    assert "outputs.writer" in JOBS["update-manifests"]["environment"]
    text = steps_text("update-manifests")
    assert text.index("verify-approvals.sh") < text.index("promote-digest.sh") < text.index("update-manifests.sh")
    condition = " ".join(JOBS["update-manifests"]["if"].split())
    assert "production-approval.result == 'success'" in condition
    assert "production-approval.result == 'skipped' && needs.build-and-test.outputs.environment != 'prod'" in condition


def test_the_gates_come_before_the_push():
    steps = [step.get("run") or step["uses"] for step in JOBS["build-and-test"]["steps"]]

    def place(part: str) -> int:
        (found,) = [n for n, step in enumerate(steps) if part in step]
        return found

    push = place("push-image.sh")
    for gate in ['test "$GATES" = success', "snyk.sh", "trivy-action", "build-image.sh"]:
        assert place(gate) < push, gate
    for gate in ["tests/run", "measure-coverage.sh", "list-components.sh"]:
        assert f"in-debian.sh {gate}" in steps_text("gates") or f"in-debian.sh deploy/scripts/ci/{gate}" in steps_text("gates"), gate
    scan = JOBS["build-and-test"]["steps"][place("trivy-action")]["with"]
    assert scan["exit-code"] == "1" and scan["format"] == "sarif"
    upload = JOBS["build-and-test"]["steps"][place("upload-sarif")]
    assert upload["if"].startswith("always()")
    for step in [*JOBS["gates"]["steps"], *JOBS["build-and-test"]["steps"]]:
        assert "continue-on-error" not in step


def test_a_gate_that_is_not_passed_fails_the_check_that_is_demanded():
    """One that is skipped would count as passed."""
    job = JOBS["build-and-test"]
    assert job["needs"] == ["gates"] and job["if"] == "always()"
    (check,) = [step for step in job["steps"] if "GATES" in step.get("env", {})]
    assert check["env"]["GATES"] == "${{ needs.gates.result }}" and "if" not in check


def test_tests_and_build_scripts_run_where_no_token_is():
    foreign = {job for job, body in JOBS.items() if "in-debian.sh" in str(body["steps"])}
    assert foreign == {"gates"}
    job = JOBS["gates"]
    assert job["permissions"] == {"contents": "read"} and "environment" not in job
    assert "secrets." not in str(job) and "github.token" not in str(job)
    # And what it leaves behind is read from artefacts, never run.
    assert job.get("outputs") is None
    (checkout, *rest) = job["steps"]
    assert checkout["with"]["persist-credentials"] is False
    for step in rest:
        assert step.get("uses", "").startswith("actions/upload-artifact@") or step["run"].startswith("deploy/scripts/ci/in-debian.sh ")


def test_infrastructure_is_applied_from_within_its_network():
    matrix = load("infra-deploy.yml")["jobs"]["apply"]["strategy"]
    assert matrix["max-parallel"] == 1
    runners = {one["environment"]: one["runner"] for one in matrix["matrix"]["include"]}
    assert runners == {"shared": "ubuntu-24.04"} | {name: f"gridos-infra-{name}" for name in ["dev", "test", "prod"]}
    assert list(runners) == load("infra-deploy.yml")["jobs"]["plan"]["strategy"]["matrix"]["environment"] == ["shared", "dev", "test", "prod"]
    guide = (ROOT / "deploy/docs/BRANCHING_STRATEGY.md").read_text()
    for runner in list(runners.values())[1:]:
        assert f"`{runner}`" in guide, "whoever sets it up must know of it"


def test_production_builds_nothing():
    build = next(step for step in JOBS["build-and-test"]["steps"] if "build-image.sh" in step.get("run", ""))
    push = next(step for step in JOBS["build-and-test"]["steps"] if "push-image.sh" in step.get("run", ""))
    assert build["if"] == "steps.target.outputs.environment != 'prod'"
    assert "prod" not in push["if"]


def test_what_the_pipeline_commits_starts_no_pipeline():
    assert CI["on"]["push"]["paths-ignore"] == ["deploy/applications/gridos/overlays/**"]


def test_a_change_of_an_overlay_by_hand_is_checked_like_any_other():
    assert CI["on"]["pull_request"] is None


def test_a_failure_after_the_commit_is_taken_back():
    job = JOBS["revert-manifests"]
    assert {"wait-for-argocd-sync", "monitor-rollout", "smoke-tests", "integration-tests"} <= set(job["needs"])
    assert "always()" in job["if"] and "contains(needs.*.result, 'failure')" in job["if"]
    assert "outputs.changed == 'true'" in job["if"]


def test_one_run_at_a_time_for_each_environment_and_none_is_broken_off():
    assert CI["concurrency"]["group"] == "ci-cd-${{ github.ref }}"
    for branch in ["dev", "test", "main"]:
        assert f"github.ref_name != '{branch}'" in CI["concurrency"]["cancel-in-progress"]
    assert load("infra-deploy.yml")["concurrency"] == {"group": "infra-deploy", "cancel-in-progress": False}
    assert all("concurrency" in load(name) for name in WORKFLOWS)


def minutes(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m|h)", text).groups()
    return int(number) * {"s": 1 / 60, "m": 1, "h": 60}[unit]


def canary_minutes() -> float:
    """How long a good canary takes: pauses, analyses and, once, the deadline for a pod to be ready."""
    steps = yaml.safe_load((ROOT / "deploy/rollout/steps.yaml").read_text())["spec"]["strategy"]["canary"]["steps"]
    total = 15.0
    for step in steps:
        if "pause" in step:
            total += minutes(step["pause"]["duration"])
        for template in step.get("analysis", {}).get("templates", []):
            total += analysis_minutes(template["templateName"])
    return total


def analysis_minutes(name: str) -> float:
    metrics = yaml.safe_load((ROOT / f"deploy/analysis/{name}.yaml").read_text())["spec"]["metrics"]
    # A good one is over after its successes in a row; `count` is how often one that is unclear is measured again.
    taken = [min(m.get("count", 1), m.get("consecutiveSuccessLimit", m.get("count", 1))) for m in metrics]
    return max(minutes(m.get("initialDelay", "0s")) + (n - 1) * minutes(m.get("interval", "0s")) for m, n in zip(metrics, taken))


def test_a_good_canary_is_waited_for():
    longest = canary_minutes()
    assert longest >= 35
    follow = next(step for step in JOBS["monitor-rollout"]["steps"] if "monitor-rollout.sh" in step.get("run", ""))
    patience = int(follow["env"]["ROLLOUT_SECONDS_MAX"]) / 60
    assert patience >= max(45, longest + 10)
    # The script gives up before the job is cut off, so that it can say why.
    assert JOBS["monitor-rollout"]["timeout-minutes"] >= patience + 5
    assert JOBS["wait-for-argocd-sync"]["timeout-minutes"] * 60 >= 600 + 120


def test_every_job_ends_some_time():
    for name, job, body in ALL:
        if "uses" not in body:
            assert body["timeout-minutes"] <= 150, (name, job)


# All that any job may do beyond reading the source.
RIGHTS = {
    ("ci-cd.yml", "build-and-test"): {"security-events": "write", "id-token": "write"},
    ("ci-cd.yml", "update-manifests"): {"actions": "read", "id-token": "write"},
    ("ci-cd.yml", "smoke-tests"): {"id-token": "write"},
    ("ci-cd.yml", "integration-tests"): {"id-token": "write"},
    ("infra-test.yml", "plan"): {"id-token": "write"},
    ("infra-deploy.yml", "plan"): {"id-token": "write"},
    ("infra-deploy.yml", "apply"): {"id-token": "write"},
}


@pytest.mark.parametrize("name, job, body", ALL, ids=[f"{name}:{job}" for name, job, _ in ALL])
def test_a_job_may_do_what_it_must_and_no_more(name, job, body):
    assert load(name)["permissions"] == {}
    beyond = {right: how for right, how in body["permissions"].items() if (right, how) != ("contents", "read")}
    assert beyond == RIGHTS.get((name, job), {})


def test_no_secret_of_azure_is_stored():
    for path in WORKFLOWS.values():
        secrets = set(re.findall(r"secrets\.(\w+)", path.read_text()))
        assert secrets <= {"ARGOCD_TOKEN", "DATABASE_ADMINISTRATOR_PASSWORD", "DELIVERY_APP_KEY", "SLACK_WEBHOOK_URL", "SNYK_TOKEN"}, secrets


def test_nothing_foreign_is_pasted_into_a_command():
    for name, job, body in ALL:
        for step in body.get("steps", []):
            assert "${{" not in step.get("run", ""), (name, job, step)


def test_every_script_that_is_called_is_there_and_is_called():
    called = set()
    for path in [*WORKFLOWS.values(), *SCRIPTS.glob("*.sh")]:
        called |= set(re.findall(r"deploy/scripts/ci/([\w-]+\.sh)", path.read_text()))
        called |= set(re.findall(r'"\$here/([\w-]+\.sh)"', path.read_text()))
    scripts = {path.name for path in SCRIPTS.glob("*.sh")}
    assert called <= scripts, called - scripts
    assert scripts - called == set()


def test_actions_are_versions_or_commits_and_the_book_lists_the_former():
    guide = (ROOT / "deploy/docs/CI_CD_INTERVIEW_GUIDE.md").read_text()
    for path in WORKFLOWS.values():
        for action, version in re.findall(r"uses: ([\w./-]+)@(\S+)", path.read_text()):
            if not re.fullmatch(r"[0-9a-f]{40}", version):
                assert re.fullmatch(r"v\d+", version), (action, version)
                assert f"`{action}@{version}`" in guide, f"{action}@{version} is to be pinned; the guide does not say so"
