"""Writes what is made from the components' own classes: docs/reference.md and the public names of tui_lab.

Run it after adding or changing a component: python tools/make_reference.py
"""

from pathlib import Path

from engine.catalog import entries
from tui_lab.cli.markdown import reference_page

ROOT = Path(__file__).parents[1]
PAGE, STUB = ROOT / "docs" / "reference.md", ROOT / "tui_lab" / "__init__.pyi"
MARK = "# Components, by family; written by tools/make_reference.py\n"


def stub_text() -> str:
    """The stub with all components; what stands above MARK in it is written by hand."""
    head, _, _ = STUB.read_text(encoding="utf-8").partition(MARK)
    lines = [f"from {e.cls.__module__} import {e.class_name} as {e.class_name}" for e in entries() if e.cls]
    return head + MARK + "\n".join(lines) + "\n"


def main() -> None:
    PAGE.write_text(reference_page(), encoding="utf-8")
    STUB.write_text(stub_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
