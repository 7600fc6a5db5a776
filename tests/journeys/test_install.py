"""The wheel, installed into a fresh environment, does the main job from another folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from studio_cli.language import LANGUAGES

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.install
@pytest.mark.timeout(400)
def test_installed_wheel_does_the_main_job(tmp_path: Path) -> None:
    """A stranger installs the wheel, stands anywhere, and sees a session turn Confirmed."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, ROOT], check=True, timeout=200)
    wheel = next(tmp_path.glob("studio_cli-*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert "studio_cli/shipped_templates/page/review.html" in names
    for code in set(LANGUAGES) - {"en"}:
        assert f"studio_cli/shipped_templates/languages/{code}.po" in names
    assert "studio_cli/help/statuses.md" in names
    assert [name for name in names if name.endswith("/share/man/man1/studio-session-new.1")]
    assert not [name for name in names if name.startswith("tests/")]

    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True, timeout=100)
    fresh = tmp_path / "env" / "bin"
    subprocess.run([fresh / "pip", *pip[3:], "install", wheel], check=True, timeout=300)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    demo = subprocess.run(
        [fresh / "studio", "demo"], cwd=elsewhere, capture_output=True, text=True, timeout=60
    )
    assert demo.returncode == 0, demo.stderr
    assert "Pending" in demo.stdout
    assert "status\tconfirmed" in demo.stdout
