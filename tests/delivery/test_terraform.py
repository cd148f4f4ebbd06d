"""terraform-plan.sh and terraform-apply.sh with the real Terraform: only what was approved is done."""

import pytest

from conftest import skip_loudly
from support.scripts import run
from support.terraform import path_with_terraform

# Built into Terraform: no provider has to be fetched.
ONE = 'resource "terraform_data" "one" {{ input = "{}" }}\n'
QUIET = {"CHECKPOINT_DISABLE": "1"}


@pytest.fixture
def environment(tmp_path, monkeypatch):
    path = path_with_terraform(tmp_path)
    if path is None:
        # Packages have it for those who have ../shared, where the offline provider is.
        skip_loudly("terraform is not installed; put one on the PATH")
    monkeypatch.setenv("PATH", path)
    folder = tmp_path / "environment"
    folder.mkdir()
    (folder / "main.tf").write_text(ONE.format("a"))
    return folder


def plan(folder, output):
    return run("terraform-plan.sh", str(folder), str(output), **QUIET)


def apply(folder, output):
    return run("terraform-apply.sh", str(folder), str(output), **QUIET)


def state(folder) -> str:
    file = folder / "terraform.tfstate"
    return file.read_text() if file.exists() else ""


def test_what_was_approved_is_done_and_then_nothing_is_left(environment, tmp_path):
    output = tmp_path / "plan"
    ran = plan(environment, output)
    assert ran.code == 0, ran.said
    assert "terraform_data.one will be created" in (output / "plan.txt").read_text()
    assert state(environment) == ""
    ran = apply(environment, output)
    assert ran.code == 0, ran.said
    assert '"value": "a"' in state(environment)
    assert plan(environment, output).code == 0
    assert (output / "fingerprint").read_text().strip() == "nothing"
    assert apply(environment, output).code == 0


def test_what_was_not_approved_is_not_done(environment, tmp_path):
    output = tmp_path / "plan"
    plan(environment, output)
    (environment / "main.tf").write_text(ONE.format("b"))
    ran = apply(environment, output)
    assert ran.code == 1 and "is not what was approved" in ran.said
    assert state(environment) == ""


def test_the_same_plan_has_the_same_fingerprint(environment, tmp_path):
    for output in ["first", "second"]:
        assert plan(environment, tmp_path / output).code == 0
    first, second = ((tmp_path / output / "fingerprint").read_text() for output in ["first", "second"])
    assert first == second and len(first.strip()) == 64


def test_what_would_be_destroyed_is_shouted(environment, tmp_path):
    output = tmp_path / "plan"
    plan(environment, output)
    apply(environment, output)
    (environment / "main.tf").write_text("")
    ran = plan(environment, output)
    assert "would be DESTROYED: terraform_data.one (delete)" in ran.said


def test_what_is_wrong_fails(environment, tmp_path):
    (environment / "main.tf").write_text('resource "terraform_data" "one" { imput = 1 }\n')
    ran = plan(environment, tmp_path / "plan")
    assert ran.code == 1 and "imput" in ran.said
    assert apply(environment, tmp_path / "nowhere").code == 2


def test_what_an_environment_must_be_is_looked_at_before_it_is_planned(environment, tmp_path):
    tests = environment / "tests"
    tests.mkdir()
    text = 'run "one" {{\n  command = plan\n  assert {{\n    condition = terraform_data.one.input == "{}"\n    error_message = "It must be that."\n  }}\n}}\n'
    (tests / "one.tftest.hcl").write_text(text.format("a"))
    assert plan(environment, tmp_path / "good").code == 0
    (tests / "one.tftest.hcl").write_text(text.format("b"))
    ran = plan(environment, tmp_path / "bad")
    assert ran.code == 1 and "is not what its tests say" in ran.said
    assert not (tmp_path / "bad/fingerprint").exists()
