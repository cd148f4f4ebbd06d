"""Stand-ins for programs of a pipeline's machine: each writes down what it was called with, and answers what a test says."""

import os
from pathlib import Path


class Programs:
    def __init__(self, folder: Path):
        self.folder = folder / "programs"
        self.folder.mkdir()
        self.log = self.folder / "calls"
        self.log.touch()
        self.path = f"{self.folder}:{os.environ['PATH']}"

    def add(self, name: str, script: str = "") -> None:
        """`script` is what it does after it has written down its arguments, in sh."""
        program = self.folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.log}\n{script}\n')
        program.chmod(0o755)

    def calls(self, name: str) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.split()[0] == name]
