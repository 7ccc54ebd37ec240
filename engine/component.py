"""One class is one idea: components are small structs, read from TOML by the tag of their family.

A family is a direct subclass of `Component` with a `tag_field` (`class Optimizer(Component, tag_field="name")`);
its members are the subclasses with a `tag`. Defining the class is all it takes to be read, checked and listed.
"""

import math
import re
import types
from datetime import date, time
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from engine.errors import InputError, did_you_mean
from engine.hyper import split_annotation

Tree = dict[str, Any]


# Inherited at run time; type checkers would want it repeated in every component.
FROZEN = {"frozen": True}


class Component(msgspec.Struct, **FROZEN):
    """A part of an experiment; its fields are its hyperparameters."""

    live_family: ClassVar[bool] = False  # a member may be exchanged for another one while a network learns

    @classmethod
    def tag(cls) -> str:
        """The name of this component in TOML."""
        return str(cls.__struct_config__.tag)


def members(family: type[Component]) -> dict[str, type[Component]]:
    """The components of a family by their tag, in the order of definition."""
    found: dict[str, type[Component]] = {}
    for cls in family.__subclasses__():
        if cls.tag() != cls.__name__:  # msgspec's own tag: a base that only shares fields
            found[cls.tag()] = cls
        found |= members(cls)
    return found


def fields_of(tag_field: str, tag: str) -> set[str] | None:
    """The names of the fields of every component with that tag, of whatever family; None where there is none."""
    families = [f for f in Component.__subclasses__() if f.__struct_config__.tag_field == tag_field]
    kinds = [members(family)[tag] for family in families if tag in members(family)]
    if not kinds:
        return None
    return {info.encode_name for kind in kinds for info in msgspec.structs.fields(kind)}


def is_family(annotation: Any) -> bool:
    return (
        isinstance(annotation, type)
        and issubclass(annotation, Component)
        and annotation.__base__ is Component
        and annotation.__struct_config__.tag_field is not None
    )


def build(annotation: Any, tree: Any, path: str = "") -> Any:
    """Turn plain TOML values into what `annotation` asks for.

    Raises InputError that names the field's path, what stands there and what would be right.
    """
    kind, _ = split_annotation(annotation)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType) and tree is not None:
        structs = [a for a in arguments if isinstance(a, type) and issubclass(a, Component)]
        if structs and isinstance(tree, dict):
            return build(structs[0], tree, path)
    if origin is list and isinstance(tree, list):
        return [build(arguments[0], item, f"{path}.{i}") for i, item in enumerate(tree)]
    if is_family(kind):
        return build_member(kind, tree, path)
    if isinstance(kind, type) and issubclass(kind, Component):
        return build_struct(kind, tree, path)
    if isinstance(tree, float) and not math.isfinite(tree):
        raise InputError(f"{path} = {tree}: expected a finite number")
    try:
        return msgspec.convert(tree, annotation)
    except msgspec.ValidationError as error:
        raise InputError(f"{path} = {shown(tree)}: {plain(str(error), kind)}") from None


def build_member(family: type[Component], tree: Any, path: str) -> Component:
    tag_field = family.__struct_config__.tag_field
    known = members(family)
    if isinstance(tree, str):  # `activation = "tanh"` is short for `activation = { name = "tanh" }`
        tree = {tag_field: tree}
    if not isinstance(tree, dict):
        raise InputError(f"{path} = {shown(tree)}: expected a table with {tag_field!r}")
    tag = tree.get(tag_field)
    if tag is None:
        raise InputError(f"{path}: {tag_field!r} is missing; known: {', '.join(known)}")
    if not isinstance(tag, str) or tag not in known:
        raise InputError(f"{path}.{tag_field} = {shown(tag)}: unknown; {did_you_mean(str(tag), known)}")
    rest = {key: value for key, value in tree.items() if key != tag_field}
    return build_struct(known[tag], rest, path)


def build_struct(kind: type[Component], tree: Any, path: str) -> Any:
    if not isinstance(tree, dict):
        raise InputError(f"{path} = {shown(tree)}: expected a table")
    hints = get_type_hints(kind, include_extras=True)
    infos = {info.encode_name: info for info in msgspec.structs.fields(kind)}
    for key in tree:
        if key not in infos:
            raise InputError(f"{joined(path, key)}: unknown key; {did_you_mean(key, infos)}")
    for key, info in infos.items():
        if info.required and key not in tree:
            raise InputError(f"{joined(path, key)} is missing")
    values = {infos[k].name: build(hints[infos[k].name], v, joined(path, k)) for k, v in tree.items()}
    try:
        return kind(**values)
    except ValueError as error:  # a component's __post_init__ checks what one field cannot say alone
        raise InputError(f"{path or 'experiment'}: {error}") from None


def tree_of(component: Any) -> Any:
    """The plain values (tables, lists, numbers, text) of a component, with its tag; the inverse of `build`."""
    return msgspec.to_builtins(component)


def joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def shown(value: Any) -> str:
    """A value as TOML writes it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value) if isinstance(value, date | time) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


WORDS = {
    "float": "a number", "int": "a whole number", "str": "text", "bool": "true or false", "array": "a list",
    "object": "a table", "date": "a date", "datetime": "a date", "time": "a time", "null": "nothing",
}  # fmt: skip


def plain(message: str, kind: Any) -> str:
    """msgspec's sentence about a value that should be of a kind, in TOML's words and without its own path."""
    if message.startswith("Invalid enum value"):
        return f"expected {' or '.join(choices(kind))}"

    def worded(match: re.Match) -> str:
        names = match[1].split(" | ")
        if len(names) > 1:
            names = [name for name in names if name != "null"]  # which TOML cannot say
        return " or ".join(WORDS.get(name, name) for name in names)

    return re.sub("`([^`]*)`", worded, message.split(" - at `")[0]).replace("Expected", "expected", 1)


def choices(kind: Any) -> list[str]:
    """The words that a field allows, as TOML writes them."""
    if get_origin(kind) is Literal:
        return [repr(choice) for choice in get_args(kind)]
    return [choice for part in get_args(kind) for choice in choices(part)]
