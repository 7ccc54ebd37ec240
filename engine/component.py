"""One class is one idea: components are small structs, read from TOML by the tag of their family.

A family is a direct subclass of `Component` with a `tag_field` (`class Optimizer(Component, tag_field="name")`);
its members are the subclasses with a `tag`. Defining the class is all it takes to be read, checked and listed.

A component that is built in Python is checked as one in TOML is: `Adam(lr=-5)` raises InputError, and
`Dense(64, "gelu")` holds the same activation as `{ layer = "dense", units = 64, activation = "gelu" }`.
"""

import math
import re
import types
import warnings
from collections.abc import Callable
from datetime import date, time
from functools import cache, wraps
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from engine import plugins
from engine.errors import InputError, RenamedWarning, did_you_mean
from engine.fits import Predicate, fits
from engine.hyper import bounds_text, split_annotation

Tree = dict[str, Any]


# Inherited at run time; type checkers would want it repeated in every component.
FROZEN = {"frozen": True, "repr_omit_defaults": True}


class ComponentError(InputError, ValueError):
    """What is wrong with a component that is built in Python, and the same without the component's name."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message


class Component(msgspec.Struct, **FROZEN):
    """A part of an experiment; its fields are its hyperparameters.

    Values are checked against the fields' ranges, and text, tables and NumPy numbers become what the fields hold.
    Raises InputError. A component cannot be changed; `msgspec.structs.replace(component, lr=0.1)` gives another.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = cls.__dict__.get("__post_init__")
        if own is not None:  # what one field cannot say alone is checked after the fields
            cls.__post_init__ = checked_before(own)  # type: ignore[assignment, method-assign]

    def __post_init__(self) -> None:
        check_fields(self)

    live_family: ClassVar[bool] = False  # a member may be exchanged for another one while a network learns
    former_tags: ClassVar[
        tuple[str, ...]
    ] = ()  # names in TOML that it had once: they still work, with a note
    former_fields: ClassVar[dict[str, str]] = {}  # names that fields had once, and those that they have now

    @classmethod
    def tag(cls) -> str:
        """The name of this component in TOML."""
        return str(cls.__struct_config__.tag)

    @classmethod
    def shorthand(cls, text: str) -> Tree | None:
        """The table that a text which is no tag of this family stands for; None where it stands for none."""
        return None


Member = TypeVar("Member", bound=Component)


def checked_before(own: Callable[[Any], None]) -> Callable[[Any], None]:
    """A `__post_init__` that checks the fields and then does what the component's own one does."""

    @wraps(own)
    def check(self: Any) -> None:
        check_fields(self)
        try:
            own(self)
        except ValueError as error:
            raise ComponentError(f"{type(self).__name__}: {error}", str(error)) from None

    return check


class FieldCheck(NamedTuple):
    """How one field of a class is checked."""

    name: str
    key: str  # its name in TOML
    annotation: Any
    required: bool
    fits: Predicate


@cache
def checks_of(cls: type[Component]) -> tuple[FieldCheck, ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple(
        FieldCheck(info.name, info.encode_name, hints[info.name], info.required, fits(hints[info.name]))
        for info in msgspec.structs.fields(cls)
    )


def check_fields(component: Component) -> None:
    """Put the right kind of value into every field of a new component. Raises ComponentError where it is none."""
    for name, key, annotation, _, fit in checks_of(type(component)):
        value = getattr(component, name)
        if not fit(value):
            try:
                value = build(annotation, value, f"{type(component).__name__}.{key}")
            except InputError as error:
                raise ComponentError(str(error)) from None
            msgspec.structs.force_setattr(component, name, value)


def plain_value(value: Any) -> Any:
    """A NumPy number or array, or a tuple, as the plain value or list that a field holds; others as they are."""
    if isinstance(value, tuple):
        return [plain_value(item) for item in value]
    if type(value).__module__ == "numpy":  # without importing it
        return value.tolist()
    return value


def members(family: type[Member]) -> dict[str, type[Member]]:
    """The components of a family by their tag, in the order of definition; those of plugins are among them."""
    plugins.load(plugins.COMPONENTS)
    return defined(family)


def defined(family: type[Member]) -> dict[str, type[Member]]:
    found: dict[str, type[Member]] = {}
    for cls in family.__subclasses__():
        if cls.tag() != cls.__name__:  # msgspec's own tag: a base that only shares fields
            found[cls.tag()] = cls
        found |= defined(cls)
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
    holders = [part for part in (kind, *arguments) if is_holder(part)]
    for holder in holders:
        try:
            held = holder.from_plain(tree)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        if held is not None:
            return held
    tree = plain_value(tree)
    if holders and (tree is None or str not in arguments):
        if tree is None and type(None) in arguments:
            return None
        raise InputError(f"{path} = {shown(tree)}: expected an array, or a frame with columns")
    if holders:
        annotation = str
    if origin in (Union, types.UnionType) and tree is not None:
        structs = [a for a in arguments if isinstance(a, type) and issubclass(a, Component)]
        if structs and isinstance(tree, dict | Component):
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
        raise InputError(f"{path} = {shown(tree)}: {plain(str(error), annotation)}") from None


def is_holder(kind: Any) -> bool:
    """Whether a class takes values in its own way (`from_plain`) and says how TOML writes them (`to_plain`)."""
    return isinstance(kind, type) and hasattr(kind, "from_plain")


def build_member(family: type[Component], tree: Any, path: str) -> Component:
    if isinstance(tree, family):
        return tree
    tag_field = family.__struct_config__.tag_field
    known = members(family)
    if isinstance(tree, str):  # `activation = "tanh"` is short for `activation = { name = "tanh" }`
        tree = (None if tree in known else family.shorthand(tree)) or {tag_field: tree}
    if not isinstance(tree, dict):
        raise InputError(f"{path} = {shown(tree)}: expected a table with {tag_field!r}")
    tag = tree.get(tag_field)
    if tag is None:
        raise InputError(f"{path}: {tag_field!r} is missing; known: {', '.join(known)}")
    if isinstance(tag, str) and tag not in known:
        tag = renamed(path, tag, {old: new for new, kind in known.items() for old in kind.former_tags})
    if not isinstance(tag, str) or tag not in known:
        raise InputError(f"{path}.{tag_field} = {shown(tag)}: unknown; {did_you_mean(str(tag), known)}")
    rest = {key: value for key, value in tree.items() if key != tag_field}
    member: Component = build_struct(known[tag], rest, path)
    return member


def build_struct(kind: type[Component], tree: Any, path: str) -> Any:
    if isinstance(tree, kind):
        return tree
    if not isinstance(tree, dict):
        raise InputError(f"{path} = {shown(tree)}: expected a table")
    known = {check.key: check for check in checks_of(kind)}
    for old, new in kind.former_fields.items():
        if old in tree and new in tree:
            raise InputError(f"{path}: {old!r} and {new!r} are the same; leave one out")
    tree = {key if key in known else renamed(path, key, kind.former_fields): v for key, v in tree.items()}
    for key in tree:
        if key not in known:
            raise InputError(f"{joined(path, key)}: unknown key; {did_you_mean(key, known)}")
    for key, check in known.items():
        if check.required and key not in tree:
            raise InputError(f"{joined(path, key)} is missing")
    values = {known[k].name: build(known[k].annotation, v, joined(path, k)) for k, v in tree.items()}
    try:
        return kind(**values)
    except ComponentError as error:
        raise InputError(f"{path or 'experiment'}: {error.reason}") from None


def renamed(path: str, name: Any, now: dict[str, str]) -> Any:
    """The present name of what had another one, with a note to the user; other names as they are."""
    if not isinstance(name, str) or name not in now:
        return name
    place = f"{path}: " if path else ""
    note = f"{place}{name!r} is called {now[name]!r} now; the old name still works"
    warnings.warn(note, RenamedWarning, stacklevel=2)
    return now[name]


def tree_of(component: Any) -> Any:
    """The plain values (tables, lists, numbers, text) of a component, with its tag; the inverse of `build`."""
    return msgspec.to_builtins(component, enc_hook=lambda value: value.to_plain())


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


def plain(message: str, annotation: Any) -> str:
    """msgspec's sentence about a value that a field does not take, in TOML's words and without its own path."""
    kind, meta = split_annotation(annotation)
    if message.startswith("Invalid enum value"):
        return f"expected {' or '.join(choices(kind))}"
    if kind in (int, float) and re.fullmatch(r"Expected `(int|float)` [<>]=? \S+", message):
        return f"expected {WORDS[kind.__name__]} {bounds_text(meta)}"

    def worded(match: re.Match[str]) -> str:
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
