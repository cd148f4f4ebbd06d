"""What tests share: everything is made in a folder of the test's own, and ends with it."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.repository import Repository  # noqa: E402


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def skip(reason: str) -> None:
    """Skips, or fails where nothing may be skipped."""
    if os.environ.get("GRIDOS_TESTS_SKIP_NOTHING"):
        pytest.fail(reason)
    pytest.skip(reason)


def skip_loudly(reason: str) -> None:
    """Skips what no package of the registries brings, also where nothing else may be skipped."""
    print(f"skipped: {reason}", file=sys.__stderr__)
    pytest.skip(reason)
