"""A PostgreSQL server of the test's own: a cluster in a temporary folder, on a free port (as crates/store/tests/support)."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

SUPERUSER = "postgres"


def programs() -> Path | None:
    """The programs of the newest server on this machine."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def free_port() -> int:
    """Below those that the system gives out by itself."""
    for n in range(12_000):
        port = 20_000 + (os.getpid() * 7_919 + n) % 12_000
        with socket.socket() as it:
            try:
                it.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free")


class Cluster:
    """Stopped when left."""

    def __init__(self, folder: Path):
        self.folder, self.port, self.server = folder, free_port(), None
        folder.mkdir()
        if os.geteuid() == 0:
            # It runs as a user that may not look into pytest's folders.
            shutil.chown(folder, SUPERUSER, SUPERUSER)
        data = folder / "data"
        self.run("initdb", "--pgdata", str(data), "--username", SUPERUSER, "--auth", "trust", "--no-sync", "--encoding", "UTF8", "--no-locale")
        self.server = subprocess.Popen(
            self.command("postgres", "-D", str(data), "-k", str(folder), "-h", "127.0.0.1", "-p", str(self.port), "-c", "fsync=off"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while subprocess.run(self.psql("postgres", "select 1"), capture_output=True).returncode != 0:
            assert self.server.poll() is None, "the server ended"
            time.sleep(0.05)

    def command(self, name: str, *arguments: str) -> list[str]:
        user = ["setpriv", "--reuid", SUPERUSER, "--regid", SUPERUSER, "--clear-groups"] if os.geteuid() == 0 else []
        return [*user, str(programs() / name), *arguments]

    def run(self, name: str, *arguments: str) -> None:
        subprocess.run(self.command(name, *arguments), check=True, capture_output=True, cwd=self.folder)

    def psql(self, database: str, sql: str) -> list[str]:
        return self.command("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER, "-d", database, "-Atc", sql)

    def query(self, database: str, sql: str) -> str:
        ran = subprocess.run(self.psql(database, sql), capture_output=True, text=True, check=True, cwd=self.folder)
        return ran.stdout.strip()

    def stop(self) -> None:
        if self.server:
            self.server.terminate()
            self.server.wait()
            self.server = None
