"""Plugins: packages that add components, views or commands, found by the entry points that they declare."""

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from engine.errors import InputError

COMPONENTS, VIEWS, COMMANDS = "tui_lab.components", "tui_lab.views", "tui_lab.commands"
_loaded: set[str] = set()


@cache
def declared(group: str) -> tuple[EntryPoint, ...]:
    """What installed packages declare in a group, by name."""
    return tuple(sorted(entry_points(group=group), key=lambda point: point.name))


def load(group: str) -> None:
    """Import the modules of a group, once: defining a class is all it takes to be known.

    Raises InputError that names the package's module where it cannot be imported.
    """
    if group in _loaded:
        return
    _loaded.add(group)  # first: what is imported now asks again
    for point in declared(group):
        try:
            import_module(point.module)
        except Exception as error:
            raise InputError(
                f"plugin {point.name} ({point.module}) cannot be loaded: {type(error).__name__}: {error}"
            ) from error
