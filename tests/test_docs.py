"""The examples in the documentation run as they stand, and its links lead somewhere."""

import re
import shlex
from pathlib import Path

import click
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


def shell_lines() -> list[str]:
    """Every call of tui-lab in the guides and the README, without what the shell does with its output."""
    found = []
    for page in [*(ROOT / "docs" / "guide").glob("*.md"), ROOT / "README.md"]:
        for block in re.findall(
            r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        ):
            for line in re.split(r"[\n;|]", block):
                call = re.split(r"\s(?:#|>|&)", line)[0].strip()
                if call.startswith("tui-lab"):
                    found.append(call)
    return sorted(set(found))


@pytest.mark.parametrize("line", shell_lines())
def test_commands_in_the_guides_have_such_options(line):
    from tui_lab.cli.app import cli

    words = shlex.split(line)[1:]
    command, context = cli, click.Context(cli, info_name="tui-lab")
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        name, command, words = command.resolve_command(context, words)
        context = click.Context(command, parent=context, info_name=name)
    command.make_context(context.info_name, words, parent=context.parent)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in link and not link.startswith("mailto:"):
            assert (page.parent / link).exists(), link


def test_no_page_names_a_host_of_a_package_registry():
    for page in PAGES:
        text = page.read_text(encoding="utf-8").lower()
        assert not re.search(r"\b(pypi\.org|pythonhosted|anaconda\.org|npmjs|crates\.io)\b", text)
