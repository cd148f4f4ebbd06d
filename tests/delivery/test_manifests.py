"""update-manifests.sh and revert-after-abort.sh on real repositories, with somebody who pushes at the same moment."""

import shutil
import threading

import pytest

from support.repository import OVERLAY, BRANCH, Repository, git, overlay, real_overlays
from support.scripts import run

DIGEST = "sha256:" + "a1" * 32


def update(repository: Repository, *arguments: str, **variables: str):
    return run("update-manifests.sh", *arguments, cwd=repository.clone, **variables)


def test_one_line_changes_and_the_commit_says_so(repository):
    before = repository.overlay("dev")
    ran = update(repository, "dev", "test-abc1234", SOURCE_COMMIT="abc1234def")
    assert ran.code == 0, ran.said
    assert repository.subjects() == ["chore: update gridos dev image to test-abc1234", "begin"]
    assert repository.overlay("dev") == before.replace("newTag: test-0000000", 'newTag: "test-abc1234"')
    assert repository.body().splitlines() == ["Image: test-abc1234", "Previous-Image: test-0000000", "Source-Commit: abc1234def"]
    assert ran.results == {"changed": "true", "commit": git(repository.origin, "rev-parse", BRANCH), "previous": "test-0000000"}
    assert repository.overlay("test") == OVERLAY.format(environment="test", image="newTag: test-0000000").strip()


def test_production_takes_a_digest_and_nothing_else(repository):
    assert update(repository, "prod", "v12").code == 2
    assert update(repository, "prod", "v12", "latest").code == 2
    ran = update(repository, "prod", "v12", DIGEST)
    assert ran.code == 0, ran.said
    assert f"  digest: {DIGEST}  # written by the pipeline" in repository.overlay("prod")
    assert repository.subjects()[0] == "chore: update gridos prod image to v12"


def test_the_same_image_again_changes_nothing(repository):
    update(repository, "dev", "test-abc1234")
    ran = update(repository, "dev", "test-abc1234")
    assert (ran.code, ran.results["changed"]) == (0, "false"), ran.said
    assert len(repository.subjects()) == 2


@pytest.mark.parametrize("tag", ["", "a b", "x\ny", "$(touch injected)", "-f", "latest;rm", "a" * 129])
def test_what_is_no_tag_is_refused(repository, tag):
    ran = update(repository, "dev", tag)
    assert ran.code == 2, ran.said
    assert repository.subjects() == ["begin"]


def test_an_environment_that_is_not_there_is_refused(repository):
    for environment in ["staging", "../prod", ""]:
        assert update(repository, environment, "test-1").code == 2


def test_an_overlay_without_the_image_is_told(repository):
    repository.write(overlay("dev"), "images:\n- name: nats\n  newTag: x\n")
    repository.push("break it")
    ran = update(repository, "dev", "test-1")
    assert ran.code == 1 and "no single entry of the image 'gridos'" in ran.said
    assert repository.subjects()[0] == "break it"


def test_a_race_is_won_without_losing_what_the_other_pushed(repository):
    # Whoever pushes first between the fetch and the push of the script: a hook of the origin does, once.
    hook = repository.clone / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\nunset $(git rev-parse --local-env-vars)\n"
        f"test -e {repository.other}/raced && exit 0\n"
        f"cd {repository.other} && touch raced && git add raced\n"
        "git -c user.name=other -c user.email=o@example.com commit --quiet --message 'somebody was faster'\n"
        f"git push --quiet origin HEAD:{BRANCH}\n"
    )
    hook.chmod(0o755)
    ran = update(repository, "dev", "test-abc1234")
    assert ran.code == 0, ran.said
    assert "somebody else pushed" in ran.said
    assert repository.subjects() == ["chore: update gridos dev image to test-abc1234", "somebody was faster", "begin"]
    assert git(repository.origin, "ls-tree", "--name-only", BRANCH, "raced") == "raced"


def test_pipelines_of_three_environments_at_once_all_come_through(repository, tmp_path):
    clones, ran = [], {}
    for environment in ["dev", "test", "prod"]:
        clone = tmp_path / f"clone-{environment}"
        shutil.copytree(repository.clone, clone)
        clones.append((environment, clone))

    def pipeline(environment, clone):
        image = [DIGEST] if environment == "prod" else []
        for n in range(4):
            tag = f"t-{n}"
            digests = ["sha256:" + f"{n + 1}" * 64] if image else []
            ran[environment, n] = run("update-manifests.sh", environment, tag, *digests, cwd=clone, PUSH_TRIES="60")

    threads = [threading.Thread(target=pipeline, args=each) for each in clones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.said for r in ran.values() if r.code != 0] == []
    assert len(repository.subjects()) == 13
    assert "t-3" in repository.overlay("dev") and "t-3" in repository.overlay("test") and "4" * 64 in repository.overlay("prod")


def test_a_push_that_is_refused_is_no_race(repository):
    hook = repository.origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'protected branch' >&2\nexit 1\n")
    hook.chmod(0o755)
    ran = update(repository, "dev", "test-1")
    assert ran.code == 1 and "not because of a race" in ran.said and "protected branch" in ran.said
    assert "try 2" not in ran.said


def test_who_always_loses_gives_up_and_says_so(repository):
    hook = repository.clone / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\nunset $(git rev-parse --local-env-vars)\n"
        f"cd {repository.other} && git -c user.name=o -c user.email=o@example.com commit --quiet --allow-empty --message again\n"
        f"git push --quiet origin HEAD:{BRANCH}\n"
    )
    hook.chmod(0o755)
    ran = update(repository, "dev", "test-1", PUSH_TRIES="2")
    assert ran.code == 1 and "each of 2 times" in ran.said


def test_the_callers_files_are_left_alone(repository):
    (repository.clone / "untracked").write_text("mine")
    update(repository, "dev", "test-1")
    assert git(repository.clone, "status", "--porcelain") == "?? untracked"
    assert git(repository.clone, "worktree", "list").count("\n") == 0


def revert(repository, *arguments):
    git(repository.clone, "fetch", "--quiet")
    return run("revert-after-abort.sh", *arguments, cwd=repository.clone)


def test_what_failed_is_taken_back(repository):
    update(repository, "dev", "test-good")
    bad = update(repository, "dev", "test-bad").results["commit"]
    ran = revert(repository, "dev", bad, "error-rate: measured [0.08]\n::set-output name=x::y")
    assert (ran.code, ran.results["reverted"]) == (0, "true"), ran.said
    assert repository.subjects()[0] == "chore: revert gridos dev image to test-good"
    assert "error-rate: measured [0.08]" in repository.body() and bad in repository.body()
    assert 'newTag: "test-good"' in repository.overlay("dev")


def test_what_others_committed_since_stays(repository):
    bad = update(repository, "dev", "test-bad").results["commit"]
    update(repository, "test", "test-bad")
    repository.pull()
    repository.write("README", "new")
    repository.push("something else")
    assert revert(repository, "dev", bad, "aborted").code == 0
    assert "test-0000000" in repository.overlay("dev") and "test-bad" in repository.overlay("test")
    assert git(repository.origin, "show", f"{BRANCH}:README") == "new"


def test_nothing_is_taken_back_if_another_image_stands_there(repository):
    bad = update(repository, "dev", "test-bad").results["commit"]
    update(repository, "dev", "test-mended")
    ran = revert(repository, "dev", bad, "aborted")
    assert (ran.code, ran.results["reverted"]) == (0, "false"), ran.said
    assert "test-mended" in repository.overlay("dev")


def test_a_digest_is_taken_back_too(repository):
    bad = update(repository, "prod", "v12", DIGEST).results["commit"]
    assert revert(repository, "prod", bad, "aborted").code == 0
    assert "0" * 64 in repository.overlay("prod") and DIGEST not in repository.overlay("prod")


def test_a_commit_that_changed_no_image_is_refused(repository):
    commit = update(repository, "test", "test-1").results["commit"]
    assert revert(repository, "dev", commit, "aborted").code == 2
    assert revert(repository, "dev", "0123abc", "aborted").code == 2


@pytest.mark.parametrize("file", real_overlays(), ids=lambda file: file.parent.name)
def test_the_overlays_of_this_repository_can_be_written(repository, file):
    environment = file.parent.name
    repository.write(overlay(environment), file.read_text())
    repository.push("as it is")
    arguments = ["v1", DIGEST] if environment == "prod" else ["test-1"]
    ran = update(repository, environment, *arguments)
    assert (ran.code, ran.results["changed"]) == (0, "true"), ran.said
    changed = git(repository.origin, "show", "--numstat", "--format=", BRANCH)
    assert changed.split() == ["1", "1", overlay(environment)]
