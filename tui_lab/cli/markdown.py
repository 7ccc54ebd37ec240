"""The reference as one Markdown page: docs/reference.md is this text."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.catalog import Entry

INTRODUCTION = """\
# Reference

Every component of an experiment: what it does, its fields, what they may hold, and which of them may be changed while
the network learns (**live**). `tui-lab reference NAME` prints the same for one of them.

This page is made from the code by `python tools/make_reference.py`; change the code, not the page.
"""


def reference_page() -> str:
    """All components by family, with a table of contents."""
    return "\n".join(lines()) + "\n"


def lines() -> Iterator[str]:
    from engine.catalog import FAMILIES, entries

    yield INTRODUCTION
    families = [(family, [e for e in entries() if e.family == family.name]) for family in FAMILIES]
    for family, found in families:
        links = ", ".join(f"[{e.name}](#{anchor(e)})" for e in found)
        yield f"- **{family.title}**: {links}"
    for family, found in families:
        yield f"\n## {family.title}\n"
        yield f"{family.about()}. In an experiment: `{family.where}`."
        for entry in found:
            yield from section(entry)


def anchor(entry: "Entry") -> str:
    return f"{entry.family}-{entry.name}"


def section(entry: "Entry") -> Iterator[str]:
    python = f" · `tl.{entry.class_name}`" if entry.class_name else ""
    yield f'\n<a id="{anchor(entry)}"></a>\n'
    yield f"### {entry.name}{python}\n"
    yield escaped(entry.about)
    if entry.fields:
        yield "\n| field | default | values | live | |\n|---|---|---|---|---|"
        for field in entry.fields:
            default = "required" if field.default == "required" else f"`{field.default}`"
            cells = (
                f"`{field.name}`",
                default,
                field.holds,
                "live" if field.live else "",
                field.help_with_unit,
            )
            yield f"| {' | '.join(in_table(cell) for cell in cells)} |"
    if entry.toml:
        yield f"\n```toml\n{entry.toml}\n```"
    if entry.python:
        yield f"\n```python\n{entry.python}\n```"


def escaped(text: str) -> str:
    """Text whose signs Markdown would take for its own: |x|, *, _, <."""
    for sign in "\\|*_<[":
        text = text.replace(sign, f"\\{sign}")
    return text


def in_table(cell: str) -> str:
    return (
        cell.replace("|", "\\|").replace("<", "&lt;")
        if not cell.startswith("`")
        else cell.replace("|", "\\|")
    )
