"""What the ConfigMaps hold is what the programs take that read it."""

import os
import pathlib
import shutil
import subprocess
import tomllib

import pytest
import yaml
from conftest import ROOT, skip

from checks import references
from checks.objects import containers, of_kind, one

SECRETS = "/run/secrets/gridos"


@pytest.fixture(scope="session")
def gridos() -> pathlib.Path:
    """The engine: that of the variable GRIDOS_BINARY, or the one that was built last."""
    path = pathlib.Path(os.environ.get("GRIDOS_BINARY", ROOT / "target/debug/gridos"))
    if not path.exists():
        skip(f"{path} (cargo build)")
    return path


@pytest.fixture
def laid_out(tmp_path):
    """Writes a ConfigMap to files, with secrets of the test's own: `laid_out(objects, name)`."""

    def lay_out(objects: list[dict], name: str) -> pathlib.Path:
        secrets = tmp_path / "secrets"
        secrets.mkdir(exist_ok=True)
        for wanted in references.secrets(objects)["gridos-engine"]:
            (secrets / wanted).write_text("secret")
        for kind in ("http", "dial-in"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-days", "90", "-subj", "/CN=localhost", "-keyout", secrets / f"{kind}-key",
                            "-out", secrets / f"{kind}-certificate"], check=True, capture_output=True)
        shutil.copy(secrets / "dial-in-certificate", secrets / "dial-in-ca")
        for file, text in references.configuration(objects, name).items():
            text = text.replace(SECRETS, str(secrets)).replace("/var/lib/gridos", str(tmp_path))
            (tmp_path / file).write_text(text)
        return tmp_path

    return lay_out


# What a pod is told of itself.
OF_A_POD = {"metadata.name": "gridos-7d9f8b6c5-x2x4z", "status.podIP": "10.244.1.7"}


def _engine(objects):
    return one(objects, "Rollout", "gridos")["spec"]["template"]["spec"]["containers"][0]


def _variables(container):
    """A container's own variables, as Kubernetes makes them: one may refer to those before it."""
    made = {}
    for variable in container["env"]:
        source = variable.get("valueFrom", {})
        if "configMapKeyRef" in source:
            continue
        value = OF_A_POD[source["fieldRef"]["fieldPath"]] if source else variable["value"]
        for name, known in made.items():
            value = value.replace(f"$({name})", known)
        made[variable["name"]] = value
    return made


def _environment(objects, container):
    given = references.configuration(objects, "gridos-environment")
    return {**os.environ, **given, **_variables(container)}


def test_the_engine_takes_its_configuration(objects, environment, gridos, laid_out):
    folder = laid_out(objects, "gridos-config")
    variables = _environment(objects, _engine(objects))
    checked = subprocess.run([gridos, "check", folder / "gridos.toml"], env=variables, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    told = checked.stdout + checked.stderr
    assert "in the clear" not in told
    devices = {"dev": 51, "test": 51, "prod": 6}[environment]
    assert f"devices {devices}".split() in [line.split() for line in told.splitlines()], told


def test_the_step_that_migrates_takes_its_configuration(prod, gridos, laid_out):
    """It ends because there is no database here, not because of its arguments."""
    folder = laid_out(prod, "gridos-config")
    step = one(prod, "Rollout", "gridos")["spec"]["template"]["spec"]["initContainers"][0]
    args = [a.replace("/etc/gridos", str(folder)).replace("120s", "0s") for a in step["args"]]
    variables = _environment(prod, step) | {"GRIDOS__STORE__URL": "postgres://gridos_owner@127.0.0.1:1/gridos",
                                      "GRIDOS__STORE__PASSWORD_FILE": str(folder / "secrets/nats-password")}
    ended = subprocess.run([gridos, *args], env=variables, capture_output=True, text=True)
    assert ended.returncode == 1, ended.stderr
    assert "127.0.0.1:1" in ended.stderr or "connect" in ended.stderr, ended.stderr


def test_the_follower_takes_its_configuration_and_arguments(prod, gridos, laid_out):
    folder = laid_out(prod, "gridos-follower-config")
    container = containers(one(prod, "Deployment", "gridos-follower"))[0]
    args = [a.replace("/etc/gridos", str(folder)) for a in container["args"]]
    outside = {k: v for k, v in os.environ.items() if not k.startswith("KUBERNETES_")}
    ended = subprocess.run([gridos, *args, "--namespace", "gridos"], env=outside, capture_output=True, text=True)
    assert ended.returncode == 1 and "no pod of a cluster" in ended.stderr, ended.stderr


def test_the_simulated_field_takes_its_arguments(built_once, gridos):
    container = containers(one(built_once["dev"], "Deployment", "gridos-field"))[0]
    checked = subprocess.run([gridos, *container["args"], "--help"], capture_output=True, text=True)
    assert checked.returncode == 0
    rows = references.configuration(built_once["dev"], "gridos-config")["devices.csv"].splitlines()[1:]
    # Where integration tests post to is polled by nobody.
    assert rows.pop() == "integration-test,,,probe"
    ports = [int(row.split(",")[1].split(":")[1]) for row in rows]
    devices = int(container["args"][container["args"].index("--devices") + 1])
    first = int(container["args"][container["args"].index("--port-base") + 1])
    assert ports == list(range(first, first + devices))


def test_nats_takes_its_configuration(prod, tmp_path):
    nats = shutil.which("nats-server")
    if not nats:
        skip("nats-server (Debian: nats-server)")
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats-secrets").mkdir()
    text = references.configuration(prod, "nats-config")["nats.conf"]
    # A key of 2.10, which Debian's does not know.
    text = text.replace("  sync_interval: always\n", "")
    (tmp_path / "nats/nats.conf").write_text(text.replace("/data", str(tmp_path)).replace("/tmp/nats.pid", str(tmp_path / "pid")))
    secret = 'authorization { users: [{ user: gridos, password: "$2a$11$XXXXXXXXXXXXXXXXXXXXXe" }] }\n'
    (tmp_path / "nats-secrets/nats-authorization").write_text(secret)
    checked = subprocess.run([nats, "-t", "-c", tmp_path / "nats/nats.conf"], env={**os.environ, "SERVER_NAME": "nats-0"},
                             capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_the_fleet_meets_at_the_servers_that_there_are(prod):
    servers = one(prod, "StatefulSet", "nats")
    names = [f"nats://nats-{n}.{servers['spec']['serviceName']}:4222" for n in range(servers["spec"]["replicas"])]
    for config, file in (("gridos-config", "gridos.toml"), ("gridos-follower-config", "follower.toml")):
        assert f'servers = "{",".join(names)}"' in references.configuration(prod, config)[file]


def _opens(policy, way, peer, port):
    """Whether a NetworkPolicy lets a port be asked from, or at, pods of exactly these labels."""
    rules = policy["spec"]["ingress" if way == "from" else "egress"]
    return any({"podSelector": peer} in rule.get(way, []) and port in rule["ports"] for rule in rules)


def test_members_ask_each_other_while_nats_is_away(objects):
    """Each says where itself is asked, the others may ask there, and nobody else may."""
    fleet = tomllib.loads(references.configuration(objects, "gridos-config")["gridos.toml"])["fleet"]
    assert fleet["keep"]
    port = int(fleet["peer_listen"].removeprefix("0.0.0.0:"))
    assert _variables(_engine(objects))["GRIDOS__FLEET__PEER_ADDRESS"] == f"10.244.1.7:{port}"
    asked = {"port": port, "protocol": "UDP"}
    assert any(p["containerPort"] == port and p["protocol"] == "UDP" for p in _engine(objects)["ports"] if "protocol" in p)
    policy = one(objects, "NetworkPolicy", "gridos-engine")
    members = policy["spec"]["podSelector"]
    assert _opens(policy, "from", members, asked) and _opens(policy, "to", members, asked)
    open_to = [p for rule in policy["spec"]["ingress"] for p in rule["from"] if asked in rule["ports"]]
    assert open_to == [{"podSelector": members}]


def test_rules_are_those_of_deploy_prometheus(prod):
    folder = ROOT / "deploy/prometheus"
    for path in folder.glob("*.yml"):
        rule = one(prod, "PrometheusRule", f"gridos-{path.stem}")
        assert rule["spec"] == yaml.safe_load(path.read_text()), f"run {folder}/make-cluster-rules"


def test_rules_of_the_cluster_are_good_promql(prod, tmp_path):
    promtool = shutil.which("promtool")
    if not promtool:
        skip("promtool (Debian: prometheus)")
    for rule in of_kind(prod, "PrometheusRule"):
        path = tmp_path / f"{rule['metadata']['name']}.yml"
        path.write_text(yaml.safe_dump(rule["spec"]))
        checked = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr


def test_dashboards_are_there(prod):
    dashboards = one(prod, "ConfigMap", "gridos-dashboards")
    assert dashboards["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert set(dashboards["data"]) == {p.name for p in (ROOT / "examples/grafana/dashboards").glob("*.json")}
