"""What objects name is there, and what is generated is found by its hash."""

import pytest
from conftest import ROOT, built

from checks import references
from checks.objects import base_name, of_kind, one, pod

BASE = "deploy/applications/gridos/base"


def test_all_names_are_there(objects):
    assert references.faults(objects) == []


def _pod(objects):
    return pod(one(objects, "Rollout", "gridos"))


FAULTS = {
    "no ServiceAccount": lambda o: _pod(o).update(serviceAccountName="nobody"),
    "no ConfigMap": lambda o: _pod(o)["volumes"][0]["configMap"].update(name="gridos-config"),
    "no SecretProviderClass": lambda o: _pod(o)["volumes"][1]["csi"]["volumeAttributes"].update(secretProviderClass="x"),
    "no Service ": lambda o: one(o, "VirtualService", "gridos-vsvc")["spec"]["http"][0]["route"][0]["destination"].update(host="x"),
    "no Gateway": lambda o: one(o, "VirtualService", "gridos-vsvc")["spec"].update(gateways=["x"]),
    "no Role ": lambda o: one(o, "RoleBinding", "gridos-follower")["roleRef"].update(name="x"),
    "has no key": lambda o: _pod(o)["initContainers"][0]["env"][1]["valueFrom"]["configMapKeyRef"].update(key="X"),
    "which is mounted": lambda o: _pod(o)["volumes"].pop(),
    "nobody mounts": lambda o: _pod(o)["volumes"].append({"name": "left-over", "emptyDir": {}}),
    "no pod has a port": lambda o: one(o, "Service", "gridos")["spec"]["ports"][0].update(targetPort="https"),
    "selects no pod": lambda o: one(o, "PodDisruptionBudget", "gridos")["spec"]["selector"]["matchLabels"].update(a="b"),
}


@pytest.mark.parametrize("told", FAULTS)
def test_a_planted_fault_is_found(prod, told):
    FAULTS[told](prod)
    assert any(told in fault for fault in references.faults(prod)), references.faults(prod)


def _template(objects):
    return one(objects, "Rollout", "gridos")["spec"]["template"]


def test_a_changed_configuration_is_a_new_version(planted, built_once):
    """K2: otherwise it would start no roll-out, and never be tried as a canary."""
    before = _template(built_once["prod"])
    for file, old, new in [
        (f"{BASE}/config/gridos.toml", 'scan = "fast"', 'scan = "slow"'),
        ("deploy/applications/gridos/overlays/prod/devices.csv", "192.0.2.10:502,1", "192.0.2.10:502,7"),
        ("deploy/applications/gridos/overlays/prod/kustomization.yaml", "LOG__LEVEL=info", "LOG__LEVEL=warn"),
    ]:
        after = _template(built(planted(file, old, new), "prod"))
        assert after != before, file
        before = after


def test_without_the_transformer_configuration_the_hash_is_lost(planted):
    """K3: so the test above, and that of all names, see what they should."""
    root = planted(f"{BASE}/kustomization.yaml", "configurations:\n- rollout-transform.yaml\n", "")
    assert any("no ConfigMap gridos-config" in fault for fault in references.faults(built(root, "prod")))


def test_a_replica_count_of_an_overlay_would_reach_the_rollout(planted):
    """K1: nobody may set one (A1), but where somebody does it is seen rather than dropped."""
    file = "deploy/applications/gridos/overlays/dev/kustomization.yaml"
    lines = "configurations:\n- rollout-transform.yaml\nreplicas:\n- {name: gridos, count: 7}\nimages:\n"
    root = planted(file, "images:\n", lines)
    (root / "deploy/applications/gridos/overlays/dev/rollout-transform.yaml").write_text(
        (ROOT / BASE / "rollout-transform.yaml").read_text())
    assert one(built(root, "dev"), "Rollout", "gridos")["spec"]["replicas"] == 7


def test_the_vault_has_what_pods_ask_for(objects):
    """The names that Terraform's Key Vault has to hold, and who may see which."""
    assert references.secrets(objects) == {
        "gridos-engine": {"database-writer-password", "nats-password", "http-certificate", "http-key",
                          "dial-in-ca", "dial-in-certificate", "dial-in-key"},
        "gridos-migration": {"database-owner-password"},
        "gridos-follower": {"nats-password"},
        "nats": {"nats-authorization"},
    }
    rollout = _pod(objects)
    engine = {m["name"] for m in rollout["containers"][0]["volumeMounts"]}
    assert "migration-secrets" not in engine, "the owner's password is not for a container that serves"


def test_overlays_say_whose_vault_it_is(objects, environment):
    for provider in of_kind(objects, "SecretProviderClass"):
        parameters = provider["spec"]["parameters"]
        assert parameters["keyvaultName"] == f"kv-gridos-{environment}"
        assert "set-by-overlay" not in parameters.values()


def test_everything_is_in_one_namespace(objects):
    cluster_wide = {"ClusterRole", "ClusterRoleBinding", "StorageClass", "Namespace"}
    for thing in objects:
        assert thing["kind"] not in cluster_wide
        assert thing["metadata"]["namespace"] == "gridos", thing["metadata"]["name"]


def test_generated_names_are_unlike_their_bases(objects):
    names = [o["metadata"]["name"] for o in of_kind(objects, "ConfigMap")]
    assert {base_name(n) for n in names} >= {"gridos-config", "gridos-environment", "gridos-follower-config", "nats-config"}
