"""Whether a value is already what a field asks for: predicates that cost a fraction of a microsecond.

Components check their fields whenever they are built. Nearly always every value is right, so a predicate answers
"yes" quickly; anything else goes to `engine.component.build`, which converts it or says what is wrong.
"""

import types
from collections.abc import Callable
from math import isfinite
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from engine.hyper import split_annotation

Predicate = Callable[[Any], bool]

INFINITY = float("inf")


def fits(annotation: Any) -> Predicate:
    """A predicate of values: True only for those that `annotation` takes as they are.

    It may say False of a value that is right (an int for a float, say), never True of one that is wrong.
    """
    kind, meta = split_annotation(annotation)
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in (int, float):
        return number_fits(kind, meta)
    if kind in (bool, str):
        return lambda value: type(value) is kind
    if origin is Literal:
        return lambda value: type(value) is str and value in arguments
    if origin in (Union, types.UnionType):
        parts = [fits(part) for part in arguments]
        return lambda value: any(part(value) for part in parts)
    if origin is list:
        item = fits(arguments[0])
        return lambda value: type(value) is list and all(map(item, value))
    if isinstance(kind, type) and (issubclass(kind, msgspec.Struct) or hasattr(kind, "from_plain")):
        return lambda value: isinstance(value, kind)
    if kind is type(None):
        return lambda value: value is None
    return lambda value: False


def number_fits(kind: type, meta: msgspec.Meta | None) -> Predicate:
    """The predicate of a number between its bounds."""
    above = INFINITY * -1 if meta is None or meta.gt is None else meta.gt
    below = INFINITY if meta is None or meta.lt is None else meta.lt
    least = INFINITY * -1 if meta is None or meta.ge is None else meta.ge
    most = INFINITY if meta is None or meta.le is None else meta.le
    if kind is int:
        return lambda value: type(value) is int and above < value < below and least <= value <= most
    return lambda value: (
        type(value) is float and isfinite(value) and above < value < below and least <= value <= most
    )
