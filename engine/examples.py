"""An example of each component, made from its fields: what must be given, and the first thing one would change."""

from dataclasses import dataclass
from typing import Any, get_args

import msgspec

from engine.component import Component, Tree, build
from engine.data.preparation.split import Split
from engine.experiment import Expect, Training
from engine.hyper import Field, fields

TABLES: dict[str, type[Component]] = {"training": Training, "split": Split, "expect": Expect}
# What a field that must be given could hold.
GIVEN: dict[str, Any] = {
    "branches": [[{"layer": "dense", "units": 16, "activation": "relu"}], []],
    "layers": [{"layer": "dense", "units": 16, "activation": "relu"}],
    "shape": [8, 8, 1],
    "column": 0,
    "x": [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]],
    "y": ["no", "yes", "yes", "no"],
    "function": "relu",
    "images": "train-images-idx3-ubyte.gz",
    "labels": "train-labels-idx1-ubyte.gz",
    "metric": "accuracy",
}
PATHS = {"images": "photos", "text": "my-text.txt", "npz": "my-data.npz", "series": "my-series.csv"}
CLASSES: dict[str, Tree] = {
    "Training": {"batch_size": 64, "epochs": 20.0},
    "Expect": {"metric": "accuracy", "value": 0.95},
}
SECTIONS = {"source": "[data]", "loss": "[loss]", "optimizer": "[optimizer]", "schedule": "[schedule]"}
INLINE = {"preprocess": "preprocess", "metric": "metrics"}
LISTED = {"layer": "[[model]]", "augment": "[[augment]]"}


@dataclass(frozen=True)
class Example:
    """Plain values that build a component of the class."""

    cls: type[Component]
    values: Tree

    def component(self) -> Component:
        component: Component = build(self.cls, self.values)
        return component

    def toml(self, family: str) -> str:
        """How it stands in an experiment's file."""
        config = self.cls.__struct_config__
        tag = {config.tag_field: self.cls.tag()} if config.tag_field else {}
        values = {**tag, **self.values}
        if family == "table":
            name = next(name for name, cls in TABLES.items() if cls is self.cls)
            return f"[data]\nsplit = {toml_text(values)}" if name == "split" else section(f"[{name}]", values)
        if family in SECTIONS:
            return section(SECTIONS[family], values)
        if family in LISTED:
            return section(LISTED[family], values)
        text = toml_text(values if self.values else self.cls.tag())
        return f"{INLINE[family]} = [{text}]" if family in INLINE else f"{family} = {text}"

    def python(self) -> str:
        """How it is built in Python, with `import tui_lab as tl`."""
        component = self.component()
        names = {info.encode_name: info.name for info in msgspec.structs.fields(component)}
        given = [f"{names[key]}={python_text(getattr(component, names[key]))}" for key in self.values]
        return f"tl.{self.cls.__name__}({', '.join(given)})"


def example_of(cls: type[Component]) -> Example:
    """An example of a component; `example` of the class, if it has one, goes first."""
    own = getattr(cls, "example", None) or CLASSES.get(cls.__name__)
    if own is not None:
        return Example(cls, dict(own))
    values: Tree = {}
    for each in fields(cls):
        if each.required:
            values[each.name] = required_value(cls, each)
    first = next((f for f in fields(cls) if f.name not in values and shows(f)), None)
    if first is not None and not values:
        values[first.name] = other_value(first)
    return Example(cls, values)


def required_value(cls: type[Component], each: Field) -> Any:
    if each.name == "path":
        return PATHS.get(cls.tag(), "my-table.csv")
    return GIVEN[each.name]


def shows(each: Field) -> bool:
    """Whether a field is one that an example may set: a number or a choice, not what every source has."""
    return (each.kind in (int, float) and each.name != "seed") or bool(choices_of(each))


def choices_of(each: Field) -> list[str]:
    return [choice for choice in get_args(each.kind) if isinstance(choice, str)]


def other_value(each: Field) -> Any:
    """A value other than the default where one can be guessed: the other choice, a typical size; else the default."""
    others = [choice for choice in choices_of(each) if choice != each.default]
    if others:
        return others[0]
    if each.name == "units":
        return 64
    return each.default


def section(header: str, values: Tree) -> str:
    lines = [f"{key} = {toml_text(value)}" for key, value in values.items()]
    return "\n".join([header, *lines])


def python_text(value: Any) -> str:
    """A component as Python builds it: `tl.Dense(units=64, activation=tl.Gelu())`."""
    if isinstance(value, list):
        return f"[{', '.join(map(python_text, value))}]"
    if not isinstance(value, Component):
        return repr(value).replace("'", '"')
    given = [
        f"{info.name}={python_text(getattr(value, info.name))}"
        for info, each in zip(msgspec.structs.fields(value), fields(type(value)), strict=True)
        if each.required or getattr(value, info.name) != each.default
    ]
    return f"tl.{type(value).__name__}({', '.join(given)})"


def toml_text(value: Any) -> str:
    """A plain value as TOML writes it on one line; keys that hold None are left out."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {toml_text(item)}" for key, item in value.items() if item is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_text, value))}]"
    return repr(value)
