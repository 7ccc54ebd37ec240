"""Views, one class a file: what panels can show of a network. Importing this package makes all of them known."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from engine import plugins
from engine.probes import Probe
from tui_lab.tui.views.base import Choices, View

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")


def kinds(base: type[View] = View) -> list[type[View]]:
    """Every kind of view, by rank; those of plugins are among them."""
    plugins.load(plugins.VIEWS)
    found = [kind for sub in base.__subclasses__() for kind in (sub, *kinds(sub))]
    return sorted((kind for kind in found if hasattr(kind, "rank")), key=lambda kind: kind.rank)


def views_of(probes: Iterable[Probe]) -> list[View]:
    """The views of what can be seen of a run, the one that suits it best first; each by a name of its own."""
    probes, found = tuple(probes), []
    for kind in kinds():
        own = [probe for probe in probes if kind.suits(probe)]
        name = kind.tag()
        found += [kind(probe, f"{name} {i + 1}" if i else name) for i, probe in enumerate(own)]
    return found


__all__ = ["Choices", "View", "kinds", "views_of"]
