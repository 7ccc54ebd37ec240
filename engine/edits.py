"""Edits: what differs between two experiments, and which differences a network bears while it learns."""

from typing import Any

import msgspec

from engine.component import FROZEN, Component, Tree, tree_of
from engine.errors import InputError
from engine.experiment import Experiment, experiment_from, override_value
from engine.hyper import fields

ABOUT = (
    "title",
    "story",
    "topic",
    "things_to_try",
    "expect",
)  # what is told about an experiment: no part of it


class Change(msgspec.Struct, **FROZEN):
    """One field with its dotted path, and its values as plain tables, numbers and text."""

    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.field}: {shown(self.old)} → {shown(self.new)}"


def edit_text(line: dict[str, Any]) -> str:
    """The changes of an edit's line in the run's story."""
    return ", ".join(str(msgspec.convert(change, Change)) for change in line.get("changes", ()))


def shown(value: Any) -> str:
    """A value in a few characters: of a component its name."""
    match value:
        case dict():
            return str(next((value[k] for k in ("name", "layer", "step", "source") if k in value), value))
        case list():
            return ", ".join(map(shown, value)) or "none"
        case None:
            return "none"
        case float():
            return f"{value:g}"
    return str(value)


def changes(before: Component, after: Component, path: str = "") -> list[Change]:
    """Every field that differs; where the kind of a component does, the whole component."""
    found: list[Change] = []
    for name, encoded in zip(before.__struct_fields__, before.__struct_encode_fields__, strict=True):
        if not path and name in ABOUT:
            continue
        where = f"{path}.{encoded}" if path else encoded
        found += differences(getattr(before, name), getattr(after, name), where)
    return found


def differences(old: Any, new: Any, path: str) -> list[Change]:
    if type(old) is type(new) and isinstance(old, Component):
        return [] if old == new else changes(old, new, path)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        if any(isinstance(item, Component) for item in old):
            return [c for i, (a, b) in pairs for c in differences(a, b, f"{path}.{i}")]
    return [] if old == new else [Change(path, tree_of(old), tree_of(new))]


def applied(experiment: Experiment, made: list[Change]) -> Experiment:
    """The experiment with the changes made. Raises InputError where they do not fit."""
    tree: Tree = tree_of(experiment)
    for change in made:
        tree = override_value(tree, change.field, change.new)
    return experiment_from(tree)


def check_live(before: Experiment, after: Experiment) -> None:
    """Raise InputError, naming the field, where `after` differs in one that cannot change while a network learns."""
    for change in changes(before, after):
        if not is_live(before, change.field):
            raise InputError(
                f"{change.field} cannot change while the network learns; restart the run with it, "
                f"or set it back to {shown(change.old)}"
            )


def is_live(experiment: Experiment, path: str) -> bool:
    """Whether the field at a dotted path may change while the network learns."""
    value: Any = experiment
    live = False
    for key in path.split("."):
        if isinstance(value, list):
            value = value[int(key)]
            continue  # an item may change where its list may
        names = dict(zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True))
        field = next(f for f in fields(type(value)) if f.name == key)
        child = getattr(value, names[key])
        live = field.live or (isinstance(child, Component) and child.live_family)
        value = child
    return live
