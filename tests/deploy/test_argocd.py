"""Argo CD may do what it must and no more; its applications point at what is there; values reach their charts."""

import copy
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from conftest import ENVIRONMENTS, ROOT, SHARED, TOOLS, kustomize, skip

from checks.objects import of_kind, one
from checks.schema import Schemas

ARGOCD = ROOT / "deploy/argocd"
VALUES = ARGOCD / "helm-values"
# Folders of charts, where somebody has them: the registry of packages has none.
CHARTS = os.environ.get("GRIDOS_ARGO_CHARTS")


def documents(*folders: str) -> list[dict]:
    """All objects in folders of deploy/argocd."""
    files = [path for folder in folders for path in sorted((ARGOCD / folder).glob("*.yaml"))]
    return [d for path in files for d in yaml.safe_load_all(path.read_text())]


@pytest.fixture
def all_of_it() -> list[dict]:
    return documents("projects", "applications", "platform", "root")


def sources(application: dict) -> list[dict]:
    """Where an application comes from."""
    spec = application["spec"]
    return spec.get("sources") or [spec["source"]]


def test_all_objects_are_valid(all_of_it):
    if not (SHARED / "crds").is_dir():
        skip("../shared/crds")
    schemas = Schemas(SHARED / "crds")
    assert [fault for thing in all_of_it for fault in schemas.faults(thing)] == []
    misspelt = copy.deepcopy(one(all_of_it, "Application", "gridos-prod"))
    misspelt["spec"]["syncPolicy"]["automated"]["selfHeel"] = True
    assert schemas.faults(misspelt)


def faults(project: dict, application: dict, objects: list[dict]) -> list[str]:
    """What an application's project does not let it do."""
    spec, found = project["spec"], []
    for source in sources(application):
        if source["repoURL"] not in spec["sourceRepos"]:
            found.append(f"the repository {source['repoURL']}")
    if application["spec"]["destination"] not in spec["destinations"]:
        found.append(f"the destination {application['spec']['destination']}")
    allowed = {(k["group"], k["kind"]) for k in spec["namespaceResourceWhitelist"]}
    for thing in objects:
        group = thing["apiVersion"].rpartition("/")[0]
        if (group, thing["kind"]) not in allowed:
            found.append(f"the kind {thing['kind']} of {group or 'core'}")
    return found


def test_the_project_allows_what_there_is_and_nothing_more(all_of_it, built_once):
    project = one(all_of_it, "AppProject", "gridos")
    used = set()
    for environment in ENVIRONMENTS:
        application = one(all_of_it, "Application", f"gridos-{environment}")
        assert faults(project, application, built_once[environment]) == []
        used |= {(o["apiVersion"].rpartition("/")[0], o["kind"]) for o in built_once[environment]}
    assert {(k["group"], k["kind"]) for k in project["spec"]["namespaceResourceWhitelist"]} == used
    assert [k["kind"] for k in project["spec"]["clusterResourceWhitelist"]] == ["Namespace"]
    application = copy.deepcopy(one(all_of_it, "Application", "gridos-prod"))
    application["spec"]["source"]["repoURL"] = "https://github.com/somebody/else.git"
    stranger = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    assert len(faults(project, application, [stranger])) == 2


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_application_syncs_by_itself_and_leaves_the_controllers_their_fields(all_of_it, environment):
    spec = one(all_of_it, "Application", f"gridos-{environment}")["spec"]
    assert (ROOT / spec["source"]["path"] / "kustomization.yaml").exists()
    assert spec["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True, "allowEmpty": False}
    assert {"CreateNamespace=true", "ApplyOutOfSyncOnly=true", "RespectIgnoreDifferences=true", "PruneLast=true"} <= set(
        spec["syncPolicy"]["syncOptions"])
    ignored = {(d["kind"], *d.get("jqPathExpressions", []), *d.get("jsonPointers", [])) for d in spec["ignoreDifferences"]}
    assert ("VirtualService", ".spec.http[].route[].weight") in ignored
    assert ("Rollout", "/spec/replicas") in ignored


def test_the_rollout_comes_last_so_that_nothing_waits_for_it(built_once):
    for objects in built_once.values():
        waves = {(o["kind"], o["metadata"]["name"]): int(o["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", 0))
                 for o in objects}
        last = {key for key, wave in waves.items() if wave == max(waves.values())}
        assert last == {("Rollout", "gridos"), ("HorizontalPodAutoscaler", "gridos")}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_root_brings_the_projects_the_platform_and_one_environment(all_of_it, environment):
    root = [a for a in of_kind(all_of_it, "Application") if a["metadata"]["name"] == "gridos-root"
            and f"{{cluster,gridos}}-{environment}.yaml" in str(a)]
    assert len(root) == 1
    for source in sources(root[0]):
        assert (ROOT / source["path"]).is_dir()
    brought = {"projects", "platform", "applications"}
    assert {pathlib.Path(source["path"]).name for source in sources(root[0])} == brought
    for application in ("cluster", "gridos"):
        (found,) = yaml.safe_load_all((ARGOCD / f"applications/{application}-{environment}.yaml").read_text())
        assert found["spec"]["source"]["path"].endswith(f"/overlays/{environment}")
        assert (ROOT / found["spec"]["source"]["path"] / "kustomization.yaml").exists()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_the_platform_has_of_its_own_is_built(environment):
    made = kustomize(ROOT / "deploy/applications/platform/overlays" / environment)
    assert made.returncode == 0, made.stderr
    objects = list(yaml.safe_load_all(made.stdout))
    journals = one(objects, "StorageClass", "gridos-journal")
    assert journals["reclaimPolicy"] == "Retain", "what a journal holds may be stored nowhere else"
    assert journals["parameters"]["cachingMode"] == "None"
    # Where Terraform's test says that it must be.
    asserted = (ROOT / f"deploy/terraform/environments/{environment}/tests/environment.tftest.hcl").read_text()
    address = re.search(r'ingress_addresses == {.* dial_in = "(.*)" }', asserted)[1]
    annotations = one(objects, "Service", "gridos-dial-in")["metadata"]["annotations"]
    assert annotations["service.beta.kubernetes.io/azure-load-balancer-ipv4"] == address


def test_analysis_asks_the_prometheus_that_there_is(built_once):
    service = one(list(yaml.safe_load_all((ROOT / "deploy/applications/platform/base/prometheus.yaml").read_text())), "Service", "prometheus")
    address = f"http://prometheus.{service['metadata']['namespace']}:{service['spec']['ports'][0]['port']}"
    for template in of_kind(built_once["prod"], "AnalysisTemplate"):
        assert {"name": "prometheus", "value": address} in template["spec"]["args"]
    values = yaml.safe_load((VALUES / "monitoring-values.yaml").read_text())
    assert values["fullnameOverride"] == service["spec"]["selector"]["operator.prometheus.io/name"]


def test_the_autoscaler_asks_for_what_the_adapter_makes(built_once):
    rules = yaml.safe_load((VALUES / "prometheus-adapter-values.yaml").read_text())["rules"]["external"]
    wanted = one(built_once["prod"], "HorizontalPodAutoscaler", "gridos")["spec"]["metrics"][0]["external"]["metric"]
    assert [r["name"]["as"] for r in rules] == [wanted["name"]]
    assert "sum by (namespace)" in rules[0]["metricsQuery"]


def test_what_the_rollout_subscribes_to_is_told(built_once):
    values = yaml.safe_load((VALUES / "argo-rollouts-values.yaml").read_text())["notifications"]
    annotations = one(built_once["prod"], "Rollout", "gridos")["metadata"]["annotations"]
    subscribed = {key.split("subscribe.")[1].split(".slack")[0] for key in annotations if "subscribe." in key}
    assert {f"trigger.{name}" for name in subscribed} == set(values["triggers"])
    assert {"on-rollout-aborted", "on-rollout-completed"} <= subscribed
    for text in values["triggers"].values():
        for name in yaml.safe_load(text)[0]["send"]:
            assert f"template.{name}" in values["templates"]


def test_versions_of_charts_are_pinned_and_the_same_everywhere(all_of_it):
    script = (ROOT / "deploy/scripts/install-argocd.sh").read_text()
    rollouts = sources(one(all_of_it, "Application", "argo-rollouts"))[0]["targetRevision"]
    assert f"ARGO_ROLLOUTS_CHART={rollouts}\n" in script
    for application in of_kind(all_of_it, "Application"):
        for source in sources(application):
            if "chart" in source:
                assert re.fullmatch(r"\d+\.\d+\.\d+", source["targetRevision"])
                file = source["helm"]["valueFiles"][0].removeprefix("$values/")
                assert source["targetRevision"] in (ROOT / file).read_text(), f"{file} is for another version"


def test_the_pipeline_looks_and_does_nothing(all_of_it):
    """It asks for no sync: applications sync by themselves, and a stolen token must be worth little."""
    (role,) = one(all_of_it, "AppProject", "gridos")["spec"]["roles"]
    policy = yaml.safe_load((VALUES / "argocd-values.yaml").read_text())["configs"]["rbac"]["policy.csv"]
    rights = [line.split(", ") for line in [*role["policies"], *policy.splitlines()] if line.startswith("p, ")]
    assert [right[2:] for right in rights] == [["applications", "get", "gridos/*", "allow"]] * 2


def test_no_secret_is_in_the_values():
    for path in VALUES.glob("*.yaml"):
        text = path.read_text()
        assert "${" not in text.replace("${{", ""), f"{path}: Helm expands no variables"
        assert not re.search(r"xox[bp]-|hooks\.slack\.com/services/", text)
    for values, keys in (("argocd-values.yaml", ["notifications"]), ("argo-rollouts-values.yaml", ["notifications"])):
        found = yaml.safe_load((VALUES / values).read_text())
        for key in keys:
            found = found[key]
        assert found["secret"] == {"create": False}
        assert found["notifiers"]["service.slack"].strip() == "token: $slack-token"


def rendered(chart: str, values: str, tmp_path: pathlib.Path) -> list[dict]:
    """What a chart makes of values."""
    if not CHARTS:
        print("skipped: charts are not in any registry of packages; GRIDOS_ARGO_CHARTS may name a folder of them", file=os.sys.__stderr__)
        pytest.skip("no charts")
    folder = tmp_path / chart
    shutil.copytree(pathlib.Path(CHARTS) / chart, folder)
    # Subcharts that are off need not be there.
    description = yaml.safe_load((folder / "Chart.yaml").read_text())
    description.pop("dependencies", None)
    (folder / "Chart.yaml").write_text(yaml.safe_dump(description))
    made = subprocess.run([TOOLS / "helm", "template", chart, folder, "-n", "argocd", "-f", VALUES / values], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return [d for d in yaml.safe_load_all(made.stdout) if d]


def test_values_take_effect_in_argo_cd(tmp_path):
    objects = rendered("argo-cd", "argocd-values.yaml", tmp_path)
    settings = one(objects, "ConfigMap", "argocd-cm")["data"]
    assert settings["url"] == "https://argocd.gridos.example.com"
    assert settings["timeout.reconciliation"] == "120s" and settings["accounts.pipeline"] == "apiKey"
    notifications = one(objects, "ConfigMap", "argocd-notifications-cm")["data"]
    assert notifications["service.slack"].strip() == "token: $slack-token"
    assert {"trigger.on-degraded", "trigger.on-sync-failed", "trigger.on-deployed", "template.app"} <= notifications.keys()
    assert "on-degraded" in notifications["subscriptions"]
    assert not [o for o in of_kind(objects, "Secret") if o["metadata"]["name"] == "argocd-notifications-secret"]
    repositories = [o for o in of_kind(objects, "Secret") if o["metadata"]["name"].startswith("argocd-repo")]
    assert len(repositories) == 1
    assert one(objects, "ConfigMap", "argocd-cmd-params-cm")["data"]["server.insecure"] in (True, "true")
    assert one(objects, "VirtualService", "argocd")["spec"]["hosts"] == ["argocd.gridos.example.com"]
    for name in ("argocd-application-controller-metrics", "argocd-server-metrics", "argocd-repo-server-metrics"):
        one(objects, "Service", name)
    waited = (ROOT / "deploy/scripts/install-argocd.sh").read_text()
    for thing in of_kind(objects, "Deployment", "StatefulSet"):
        if "dex" not in thing["metadata"]["name"]:
            assert f"{thing['kind'].lower()}/{thing['metadata']['name']}" in waited


def test_values_take_effect_in_argo_rollouts(tmp_path):
    objects = rendered("argo-rollouts", "argo-rollouts-values.yaml", tmp_path)
    notifications = one(objects, "ConfigMap", "argo-rollouts-notification-configmap")["data"]
    assert "trigger.on-rollout-aborted" in notifications and notifications["service.slack"].strip() == "token: $slack-token"
    assert one(objects, "Deployment", "argo-rollouts")["spec"]["replicas"] == 2


def test_values_take_effect_in_the_adapter(tmp_path):
    objects = rendered("prometheus-adapter", "prometheus-adapter-values.yaml", tmp_path)
    configuration = [o for o in of_kind(objects, "ConfigMap") if "config.yaml" in o["data"]][0]["data"]["config.yaml"]
    assert yaml.safe_load(configuration)["externalRules"][0]["name"]["as"] == "fleet_readings_per_second"
