"""The project's own files: a license, metadata, and no address of a package registry."""

import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_license_in_the_metadata_is_the_one_in_the_file():
    assert project()["license"] == "MIT"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License")
    assert project()["authors"] == [{"name": "tui-lab contributors"}]
    assert "tui-lab contributors" in text
    for pattern in project()["license-files"]:
        assert (ROOT / pattern).is_file()


def test_the_changelog_has_a_section_for_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {project()['version']}\n" in text


def test_packages_say_that_they_are_typed():
    for package in ("engine", "presets", "tui_lab"):
        assert (ROOT / package / "py.typed").is_file()


def test_no_tracked_file_is_a_wheel_or_an_archive():
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "*.whl", "*.tar", "*.zip"], capture_output=True, text=True
    )
    assert not listed.stdout.strip()
