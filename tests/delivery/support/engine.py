"""A real engine with a real database, asked over HTTPS with a token, as in a cluster."""

import json
import os
import subprocess
from pathlib import Path

from .cluster import Cluster
from .scripts import ROOT

BINARY = Path(os.environ.get("GRIDOS_BINARY") or ROOT / "target/debug/gridos").absolute()

CONFIG = """\
[engine]
name = "delivery"
data_dir = "{folder}/data"

[http]
listen = "127.0.0.1:0"

[http.tls]
certificate = "engine.pem"
key = "engine.key"

[access]
mode = "on"
users_file = "users.jsonl"

[store]
kind = "postgres"
url = "postgres://postgres@127.0.0.1:{port}/gridos"

{probe}
"""


def probe() -> str:
    """The device that integration.sh posts to, as the guide for testers has it."""
    guide = (ROOT / "deploy/docs/TESTING_GUIDE.md").read_text()
    return guide.split("```toml\n")[1].split("```")[0]


class Engine:
    def __init__(self, folder: Path, cluster: Cluster):
        folder.mkdir()
        self.folder, self.authority = folder, folder / "engine.pem"
        cluster.query("postgres", "create database gridos")
        self.make_certificate()
        self.config = folder / "gridos.toml"
        self.config.write_text(CONFIG.format(folder=folder, port=cluster.port, probe=probe()))
        self.tokens = {role: self.token(role) for role in ("viewer", "engineer")}
        self.process = subprocess.Popen(
            [BINARY, "run", self.config, "--json"], stdout=subprocess.PIPE, stderr=(folder / "log").open("w"), text=True, cwd=folder
        )
        self.url = self.read_url()

    def make_certificate(self) -> None:
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
            + [*subject, "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "engine.key", "-out", "engine.pem"],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )

    def read_url(self) -> str:
        for line in self.process.stdout:
            told = json.loads(line)
            for value in told.values():
                if isinstance(value, str) and value.startswith("https://"):
                    return value.rstrip("/")
        raise AssertionError((self.folder / "log").read_text())

    def token(self, role: str) -> str:
        command = [BINARY, "token", "create", self.config, f"the-{role}", "--role", role]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=self.folder).stdout.strip()

    def alarms(self, token: str) -> list[str]:
        """The command that lists the alarms of the probe that are not at rest, a line each."""
        command = ["env", f"GRIDOS_TOKEN={token}", str(BINARY), "alarms", "list", "--json", "--device", "integration-test"]
        return [*command, "--url", self.url, "--ca", str(self.authority)]

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate()
