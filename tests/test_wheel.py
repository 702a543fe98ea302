"""What somebody has who installs the package."""

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_wheel_has_every_file_of_the_program() -> None:
    """Hatchling leaves out what Git ignores, and nothing else of the folder."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    asked = ("git", "ls-files", "--others", "--ignored", "--exclude-standard", "--", "relay")
    try:
        ignored = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs a checkout of Git")

    assert build["packages"] == ["relay"]
    assert [file for file in ignored if "__pycache__" not in file] == []
