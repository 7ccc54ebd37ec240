"""The examples in the documentation run as they stand, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
RUN = [ROOT / "docs" / "guide" / "python.md", ROOT / "README.md"]


@pytest.mark.parametrize("page", RUN, ids=lambda path: path.stem)
def test_python_examples_run_in_order(page, tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUI_LAB_RUNS", "runs")
    names: dict[str, object] = {}
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        exec(compile(block, f"{page.name}: {block.splitlines()[0]}", "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in link and not link.startswith("mailto:"):
            assert (page.parent / link).exists(), link


def test_no_page_names_a_host_of_a_package_registry():
    for page in PAGES:
        text = page.read_text(encoding="utf-8").lower()
        assert not re.search(r"\b(pypi\.org|pythonhosted|anaconda\.org|npmjs|crates\.io)\b", text)
