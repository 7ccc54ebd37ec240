"""reference: every component with its fields, on the terminal, as Markdown, JSON, or a schema for editors."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from tui_lab.cli.completion import complete_reference

if TYPE_CHECKING:
    from engine.catalog import Entry

WIDTH = 100


@click.command("reference")
@click.argument("name", required=False, shell_complete=complete_reference)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a component.")
@click.option("--markdown", is_flag=True, help="Print all of it as Markdown.")
@click.option("--schema", is_flag=True, help="Print a JSON schema of experiment files, for editors.")
def reference_command(name: str | None, as_json: bool, markdown: bool, schema: bool) -> None:
    import json

    from engine.catalog import entries, find

    if sum((as_json, markdown, schema)) > 1 or (name and (markdown or schema)):
        raise click.UsageError(
            "--json, --markdown and --schema cannot be given together, and only --json with a NAME"
        )
    if schema:
        from engine.schema import experiment_schema

        click.echo(json.dumps(experiment_schema(), indent=2, ensure_ascii=False))
        return
    if markdown:
        from tui_lab.cli.markdown import reference_page

        click.echo(reference_page(), nl=False)
        return
    found = find(name) if name else list(entries())
    if as_json:
        for entry in found:
            click.echo(json.dumps(plain(entry), ensure_ascii=False))
    elif name and not is_family(name, found):
        click.echo("\n\n".join("\n".join(page(entry)) for entry in found))
    else:
        click.echo("\n".join(overview(found)))


def is_family(name: str, found: "list[Entry]") -> bool:
    """Whether a name stands for a whole family, which is listed."""
    return (
        all(name.lower() not in (entry.name.lower(), entry.class_name.lower()) for entry in found)
        and len(found) > 1
    )


def overview(found: "list[Entry]") -> Iterator[str]:
    """One line a component, by family."""
    from engine.catalog import FAMILIES
    from tui_lab.cli.tables import aligned

    for family in FAMILIES:
        rows = [(e.name, e.class_name, e.summary) for e in found if e.family == family.name]
        if rows:
            yield f"{family.title}  {family.where}"
            yield from aligned(rows, indent="  ")
            yield ""
    yield "tui-lab reference NAME tells everything about one; tui-lab reference layer lists the layers"


def page(entry: "Entry") -> Iterator[str]:
    """All about a component."""
    from engine.catalog import title_of
    from tui_lab.cli.tables import aligned

    python = f", in Python {entry.class_name}" if entry.class_name else ""
    yield f"{entry.name}  ({title_of(entry.family).lower()}{python})"
    yield ""
    for paragraph in entry.about.split("\n\n"):
        yield click.wrap_text(" ".join(paragraph.split()), WIDTH, "  ", "  ")
        yield ""
    if entry.fields:
        header = ("field", "default", "range", "live", "")
        rows = [
            (f.name, f.default, f.holds, "live" if f.live else "", f.help_with_unit) for f in entry.fields
        ]
        yield from aligned([header, *rows], indent="  ")
        yield ""
        if any(f.live for f in entry.fields):
            yield "  A live field may be changed while the network learns."
            yield ""
    for title, text in (("TOML", entry.toml), ("Python", entry.python)):
        if text:
            yield f"  {title}"
            yield from (f"    {line}" for line in text.splitlines())
            yield ""


def plain(entry: "Entry") -> dict[str, Any]:
    """A component as JSON."""
    from dataclasses import asdict

    names = ("family", "name", "class_name", "about", "toml", "python")
    tree = {name: getattr(entry, name) for name in names}
    return tree | {"fields": [asdict(f) for f in entry.fields]}
