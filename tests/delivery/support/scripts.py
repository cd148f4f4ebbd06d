"""Runs the scripts of the delivery as a pipeline would, and keeps what they say."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "deploy/scripts/ci"

# Long enough for the most starved machine; a script that takes so long is stuck.
STUCK_SECONDS = 240


@dataclass
class Ran:
    """What a script ended with, said to people, and told as results."""

    code: int
    said: str
    output: str
    results: dict[str, str] = field(default_factory=dict)


def run(name: str, *arguments: str, cwd: Path | None = None, **variables: str) -> Ran:
    """Runs a script of deploy/scripts/ci with nothing of a pipeline in its environment but `variables`."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    environment = {key: os.environ[key] for key in kept if key in os.environ}
    environment |= {"NO_PROXY": "127.0.0.1", "GIT_CONFIG_NOSYSTEM": "1"} | variables
    ran = subprocess.run(
        [SCRIPTS / name, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=STUCK_SECONDS,
    )
    results = dict(line.split("=", 1) for line in ran.stdout.splitlines() if "=" in line)
    return Ran(ran.returncode, ran.stderr, ran.stdout, results)
