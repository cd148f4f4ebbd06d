"""wait-for-argocd-sync.sh against a stand-in for Argo CD."""

import pytest

from support.argocd import TOKEN, ArgoCd, application
from support.scripts import run
from support.serving import Answer, as_json

OLD, NEW = application(images=("test-old",)), application(images=("test-old", "test-new"))


def wait(argocd: ArgoCd, **variables: str):
    defaults = {"ARGOCD_SERVER": argocd.url, "ARGOCD_TOKEN": TOKEN, "POLL_SECONDS": "0.05", "SYNC_SECONDS_MAX": "120"}
    return run("wait-for-argocd-sync.sh", "gridos-dev", "test-new", **defaults | variables)


def test_it_ends_when_the_new_image_is_there():
    story = [application("OutOfSync", images=("test-old",)), OLD, NEW]
    with ArgoCd(story) as argocd:
        ran = wait(argocd)
    assert ran.code == 0, ran.said
    assert f"{argocd.url}/applications/argocd/gridos-dev" in ran.said
    # Only the first question has Argo CD look at Git.
    assert [request.path.endswith("?refresh=normal") for request in argocd.requests] == [True, False, False]


@pytest.mark.parametrize("health", ["Healthy", "Progressing", "Suspended"])
def test_a_canary_under_way_is_well(health):
    with ArgoCd([application(health=health, images=("test-old", "test-new"))]) as argocd:
        assert wait(argocd).code == 0


def test_a_digest_is_recognised_as_well():
    digest = "sha256:" + "a1" * 32
    told = application(images=())
    told["status"]["summary"]["images"] = [f"gridosacr.azurecr.io/gridos@{digest}"]
    with ArgoCd([told]) as argocd:
        ran = run("wait-for-argocd-sync.sh", "gridos-dev", digest, ARGOCD_SERVER=argocd.url, ARGOCD_TOKEN=TOKEN)
    assert ran.code == 0, ran.said


def test_a_tag_that_only_begins_alike_is_another():
    with ArgoCd([application(images=("test-new2", "a-test-new"))]) as argocd:
        assert wait(argocd, SYNC_SECONDS_MAX="1").code == 1


def test_degraded_from_before_is_forgiven_and_degraded_since_is_not():
    before = application(health="Degraded", images=("test-old",))
    once = application(health="Degraded", images=("test-old", "test-new"))
    with ArgoCd([before, before, before, once, NEW]) as argocd:
        assert wait(argocd).code == 0
    bad = application(health="Degraded", images=("test-new",), message="container has ImagePullBackOff")
    with ArgoCd([OLD, bad]) as argocd:
        ran = wait(argocd)
    assert ran.code == 1 and "Degraded: container has ImagePullBackOff" in ran.said


def test_never_in_sync_ends_with_the_time_and_says_how_it_stands():
    with ArgoCd([application("OutOfSync", "Missing", images=("test-old",))]) as argocd:
        ran = wait(argocd, SYNC_SECONDS_MAX="1")
    assert ran.code == 1 and "within 1 s: it is OutOfSync and Missing, and has not test-new" in ran.said


def test_a_failed_sync_of_this_commit_ends_it_at_once_and_of_another_does_not():
    failed = {"phase": "Failed", "message": "one or more objects failed to apply", "syncResult": {"revision": "c0ffee"}}
    told = application("OutOfSync", images=("test-old",), operationState=failed)
    with ArgoCd([told]) as argocd:
        ran = wait(argocd, SYNC_COMMIT="c0ffee")
    assert ran.code == 1 and "could not sync c0ffee: one or more objects failed to apply" in ran.said
    with ArgoCd([told, NEW]) as argocd:
        assert wait(argocd, SYNC_COMMIT="another").code == 0


def test_a_wrong_token_is_told_at_once():
    with ArgoCd([NEW]) as argocd:
        ran = wait(argocd, ARGOCD_TOKEN="wrong")
    assert ran.code == 1 and "does not know the token (401)" in ran.said
    assert len(argocd.requests) == 1


def test_an_application_that_may_not_be_seen_is_told_at_once():
    with ArgoCd([NEW]) as argocd:
        ran = run("wait-for-argocd-sync.sh", "gridos-nowhere", "test-new", ARGOCD_SERVER=argocd.url, ARGOCD_TOKEN=TOKEN)
    assert ran.code == 1 and "no such application, or the token may not" in ran.said


def test_garbage_and_outages_are_waited_out():
    garbage = [
        Answer(200, b"<html>sign in</html>", "text/html"),
        Answer(200, b""),
        Answer(200, b"[]"),
        Answer(200, b"{}"),
        as_json({"status": {"summary": {"images": [None, 3]}}}),
        as_json({"error": "upstream"}, 502),
    ]
    with ArgoCd([*garbage, NEW]) as argocd:
        ran = wait(argocd)
    assert ran.code == 0, ran.said
    with ArgoCd([garbage[0]]) as argocd:
        ran = wait(argocd, SYNC_SECONDS_MAX="1")
    assert ran.code == 1 and "no JSON object: status 200, <html>" in ran.said


def test_nobody_there_ends_with_the_time():
    with ArgoCd([NEW]) as argocd:
        url = argocd.url
    ran = run("wait-for-argocd-sync.sh", "gridos-dev", "x", ARGOCD_SERVER=url, ARGOCD_TOKEN="x", SYNC_SECONDS_MAX="1", POLL_SECONDS="0.2")
    assert ran.code == 1 and "does not answer" in ran.said


def test_what_is_missing_is_named():
    ran = run("wait-for-argocd-sync.sh", "gridos-dev", "test-new", ARGOCD_SERVER="https://x")
    assert ran.code == 2 and "ARGOCD_TOKEN is not set" in ran.said
    ran = run("wait-for-argocd-sync.sh")
    assert ran.code == 2 and "wait-for-argocd-sync.sh APPLICATION IMAGE" in ran.said
