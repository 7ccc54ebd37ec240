"""Every test runs in an environment of its own, away from the user's runs and settings."""

import pytest


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path):
    for name in ("NO_COLOR", "TUI_LAB_RUNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TUI_LAB_RUNS", str(tmp_path / "runs"))
