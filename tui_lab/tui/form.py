"""The form of an experiment, made from the fields of its components."""

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from engine.component import Component, is_family, members, tree_of
from engine.experiment import Experiment
from engine.hyper import Field, fields

NUDGE = 1.25
SECTIONS = ("optimizer", "schedule", "training", "loss", "data", "augment", "model")
HIDDEN = {"title", "story", "try", "topic", "expect"}


@dataclass(frozen=True)
class Row:
    """A line of the form: a heading, or a field with its dotted path."""

    path: str
    label: str
    value: Any
    field: Field | None = None  # None for a heading and for the choice of a kind of component
    live: bool = False
    choices: tuple[str, ...] = ()

    @property
    def heading(self) -> bool:
        return not self.path

    @property
    def text(self) -> str:
        return value_text(self.value)


def rows_of(experiment: Experiment) -> list[Row]:
    """All fields of an experiment, section by section."""
    rows: list[Row] = []
    lists = {field.name: field for field in fields(Experiment) if field.live}
    for section in SECTIONS:
        part = getattr(experiment, section)
        rows.append(Row("", section.upper(), None))
        if section in lists:  # a list that may change as a whole
            rows.append(Row(section, "steps", part, lists[section], True))
        if isinstance(part, list):
            for i, item in enumerate(part):
                rows += component_rows(item, f"{section}.{i}", f"{i + 1} ")
        else:
            rows += component_rows(part, section)
    return rows


def component_rows(component: Component, path: str, prefix: str = "") -> list[Row]:
    """The kind of a component, where there is a choice, and its fields."""
    rows = []
    family = type(component).__base__
    tag_field = type(component).__struct_config__.tag_field
    if tag_field is not None:
        choices = tuple(members(family)) if family and is_family(family) else ()
        live = component.live_family
        rows.append(Row(f"{path}.{tag_field}", prefix + tag_field, component.tag(), None, live, choices))
    for field in fields(type(component)):
        if field.name in HIDDEN:
            continue
        value = getattr(component, attribute(component, field))
        if isinstance(value, Component) and type(value).__struct_config__.tag_field is None:
            rows += component_rows(value, f"{path}.{field.name}", f"{field.name}.")
            continue
        rows.append(
            Row(
                f"{path}.{field.name}",
                prefix_of(prefix) + field.name,
                value,
                field,
                field.live,
                choices_of(field),
            )
        )
    return rows


def prefix_of(prefix: str) -> str:
    """Fields of a nested table keep its name in front; those of a numbered layer do not."""
    return prefix if prefix.endswith(".") else ""


def attribute(component: Component, field: Field) -> str:
    """The Python name of a field (they differ where TOML's name is a Python keyword)."""
    names = dict(zip(component.__struct_encode_fields__, component.__struct_fields__, strict=True))
    return names[field.name]


def choices_of(field: Field) -> tuple[str, ...]:
    if get_origin(field.kind) is Literal:
        return tuple(map(str, get_args(field.kind)))
    if field.kind is bool:
        return ("true", "false")
    if is_family(field.kind):
        return tuple(members(field.kind))
    return ()


def value_text(value: Any) -> str:
    """A value as the form shows it."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case int():
            return f"{value:,}"
        case Component():
            return value.tag()
        case list():
            return ", ".join(map(value_text, value)) or "–"
    return str(value)


def named(now: list[Any], text: str) -> list[Any]:
    """A list from names as it shows them, "noise, flip"; a component that is in it already keeps its fields."""
    there = {item.tag(): tree_of(item) for item in now if isinstance(item, Component)}
    names = [name.strip() for name in text.split(",")]
    return [there.get(name, name) for name in names if name]


def nudged(row: Row, up: bool) -> Any:
    """The value one nudge on: a factor of 1.25 on a log scale, the next choice, or a small step.

    Raises ValueError where there is nothing to nudge.
    """
    if row.choices:
        names = list(row.choices)
        now = names.index(row.text if not isinstance(row.value, bool) else str(row.value).lower())
        name = names[(now + (1 if up else -1)) % len(names)]
        return name == "true" if isinstance(row.value, bool) else name
    field = row.field
    if field is None or isinstance(row.value, bool) or not isinstance(row.value, int | float):
        raise ValueError(f"{row.path} has no steps; press enter to type a value")
    low: float = field.minimum if field.minimum is not None else -1e30
    high: float = field.maximum if field.maximum is not None else 1e30
    if isinstance(row.value, int):
        by = max(1, round(row.value * (NUDGE - 1))) if field.log else 1
        return int(min(max(row.value + (by if up else -by), low), high))
    return nudged_number(float(row.value), field.log, low, high, up)


def nudged_number(now: float, log: bool, low: float, high: float, up: bool) -> float:
    """One nudge on: a factor on a log scale, else a twentieth; shares near 1 move by hundredths, and stay below 1."""
    if log:
        start = now or 1e-4
        goal = start if not now and up else start * NUDGE if up else start / NUDGE
        return float(f"{min(max(goal, low), high):.3g}")
    by = 0.01 if high == 1 and now >= 0.9 else 0.05 if abs(now) <= 1 else abs(now) * 0.1
    goal = round(now + (by if up else -by), 6)
    return min(max(goal, low), 0.999 if high == 1 else high)
