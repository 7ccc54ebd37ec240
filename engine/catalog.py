"""Catalog: every component with its fields, for the reference, the schema and whoever else lists what there is."""

import inspect
import re
import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from engine.activations import Activation
from engine.augment import Augmentation
from engine.component import Component, is_family, is_holder, members, tree_of
from engine.data import Source
from engine.data.preparation.preprocess import Preprocess
from engine.errors import InputError, did_you_mean
from engine.examples import TABLES, example_of, toml_text
from engine.hyper import bounds_text, fields, split_annotation
from engine.initializers import Initializer
from engine.layers import Layer
from engine.losses import Loss
from engine.metrics import Metric
from engine.optimizers import Optimizer
from engine.schedules import Schedule

REQUIRED = "required"


@dataclass(frozen=True)
class Family:
    """Components of a kind: where they stand in an experiment, and the class they share."""

    name: str
    title: str
    where: str
    base: type[Component]

    def about(self) -> str:
        return summary(self.base)


FAMILIES = (
    Family("source", "Data sources", "[data]", Source),
    Family("preprocess", "Preprocessing steps", "data.preprocess", Preprocess),
    Family("augment", "Augmentations", "[[augment]]", Augmentation),
    Family("layer", "Layers", "[[model]]", Layer),
    Family("activation", "Activations", 'activation = "…"', Activation),
    Family("initializer", "Initializers", 'initializer = "…"', Initializer),
    Family("loss", "Losses", "[loss]", Loss),
    Family("optimizer", "Optimizers", "[optimizer]", Optimizer),
    Family("schedule", "Schedules", "[schedule]", Schedule),
    Family("metric", "Metrics", "training.metrics", Metric),
    Family("table", "Tables of an experiment", "[training], data.split, [expect]", Component),
)


@dataclass(frozen=True)
class FieldEntry:
    """A field as the reference shows it; all of it is text but `live`."""

    name: str
    kind: str
    default: str
    range: str
    live: bool
    unit: str
    help: str

    @property
    def holds(self) -> str:
        """What it may hold: its kind, and its bounds."""
        return f"{self.kind} {self.range}".strip()

    @property
    def help_with_unit(self) -> str:
        return f"{self.help} ({self.unit})" if self.unit and self.unit not in self.help else self.help


@dataclass(frozen=True)
class Entry:
    """A component as the reference shows it."""

    family: str
    name: str  # in TOML
    class_name: str  # in Python
    about: str
    fields: tuple[FieldEntry, ...] = ()
    toml: str = ""
    python: str = ""
    cls: type[Component] | None = field(default=None, compare=False)

    @property
    def summary(self) -> str:
        """The first sentence of `about`."""
        return first_sentence(self.about)


@cache
def entries() -> tuple[Entry, ...]:
    """Every component there is, by family in the order of FAMILIES."""
    return tuple(entry for family in FAMILIES for entry in entries_of(family))


def entries_of(family: Family) -> Iterable[Entry]:
    known = TABLES if family.name == "table" else members(family.base)
    for tag, cls in known.items():
        yield entry_of(family.name, tag, cls)


def entry_of(family: str, tag: str, cls: type[Component]) -> Entry:
    example, about = example_of(cls), inspect.getdoc(cls) or ""
    if issubclass(cls, Metric):
        about += f"\n\nOf two values the {'higher' if cls.higher_is_better else 'lower'} one is better."
    return Entry(
        family, tag, cls.__name__, about, tuple(field_entries(cls)),
        example.toml(family), example.python(), cls,
    )  # fmt: skip


def field_entries(cls: type[Component]) -> Iterable[FieldEntry]:
    hints = get_type_hints(cls, include_extras=True)
    names = {info.encode_name: info.name for info in msgspec.structs.fields(cls)}
    for each in fields(cls):
        annotation = hints[names[each.name]]
        default = REQUIRED if each.required else value_text(each.default)
        yield FieldEntry(
            each.name, kind_text(each.kind), default, range_text(annotation), each.live, each.unit, each.help
        )


def range_text(annotation: Any) -> str:
    """The bounds of a number, also of one that may be left out."""
    kind, meta = split_annotation(annotation)
    parts = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else ()
    return bounds_text(meta) or next(filter(None, map(range_text, parts)), "")


def find(name: str) -> list[Entry]:
    """The components of that name: in TOML, in Python, or of a whole family.

    A field may be named too, as "optimizer.lr" or "adam.lr": it leads to its components. Raises InputError.
    """
    wanted = name.strip().lower()
    known = entries()
    found = [e for e in known if wanted and wanted in (e.name.lower(), e.class_name.lower())]
    found = found or [e for e in known if wanted in (e.family, f"{e.family}s", title_of(e.family).lower())]
    if found:
        return found
    before, dot, _ = wanted.rpartition(".")
    if dot:
        return find(before)
    names = (
        {e.name for e in known} | {e.class_name for e in known if e.class_name} | {f.name for f in FAMILIES}
    )
    raise InputError(f"nothing is called {name!r}; {did_you_mean(name, names)}")


def title_of(family: str) -> str:
    return next(f.title for f in FAMILIES if f.name == family)


def summary(cls: type) -> str:
    return first_sentence(inspect.getdoc(cls) or "")


def first_sentence(text: str) -> str:
    paragraph = " ".join(text.split("\n\n", 1)[0].split())
    return re.split(r"(?<!et al)\. ", paragraph, maxsplit=1)[0].rstrip(".")


# -- words ----------------------------------------------------------------------------------------------------

WORDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}


def kind_text(kind: Any) -> str:
    """What a field holds, in words: "number", '"row" or "position"', "list of layers"."""
    kind, _ = split_annotation(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in WORDS:
        return WORDS[kind]
    if is_holder(kind):
        return "array or frame"
    if origin is Literal:
        return " or ".join(f'"{choice}"' for choice in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(kind_text(part) for part in arguments if part is not type(None))
    if origin is list:
        return f"list of {plural(kind_text(arguments[0]))}"
    if is_family(kind):
        return family_word(kind)
    result: str = kind.__name__.lower()
    return result


def family_word(base: type[Component]) -> str:
    return next((f.name for f in FAMILIES if f.base is base), base.__name__.lower())


def plural(word: str) -> str:
    first, *rest = word.split(" ", 1)
    if first == "list":
        return " ".join(["lists", *rest])
    if word in ("text", "true or false") or word.startswith('"'):
        return {"text": "texts"}.get(word, word)
    return f"{word}s" if not word.endswith("s") else f"{word}es"


def value_text(value: Any) -> str:
    """A default as TOML writes it; a component by its name; nothing for None."""
    tree = tree_of(value)
    if value is None:
        return "none"
    if isinstance(value, Component) and isinstance(tree, dict):
        tag_field = type(value).__struct_config__.tag_field
        given = [f.name for f in fields(type(value)) if tree.get(f.name) != tree_of(f.default)]
        tag = tree.pop(tag_field, "") if tag_field else ""
        if tag and not given:
            return toml_text(tag)
        shown = {tag_field: tag} if tag else {}
        return toml_text(shown | {name: tree[name] for name in (given if tag else tree)})
    return toml_text(tree)
