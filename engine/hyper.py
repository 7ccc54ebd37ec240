"""Hyperparameters as annotated fields: one place for range, scale, help and whether an edit may be live.

A component declares `lr: Annotated[float, hyper("step size", gt=0, log=True, live=True)] = 0.01`; the TOML
reader, `--set`, the forms on the screen and the reference in the documentation all read that one line.
"""

from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec


def hyper(
    help: str,
    *,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
    log: bool = False,
    live: bool = False,
    unit: str = "",
) -> msgspec.Meta:
    """Describe a field: `help` in one line, its bounds, `log` scale, `live` if it may change while training."""
    bounds: dict[str, Any] = {"gt": gt, "ge": ge, "lt": lt, "le": le}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    return msgspec.Meta(description=help, extra={"log": log, "live": live, "unit": unit}, **given)


@dataclass(frozen=True)
class Field:
    """What a form, an error or a reference page needs to know about one field of a component."""

    name: str
    kind: Any  # the annotation without its metadata: float, int, bool, str, Literal[…], list[…], a component
    default: Any
    required: bool
    help: str
    log: bool
    live: bool
    unit: str
    minimum: float | None
    maximum: float | None


def fields(component: type[msgspec.Struct]) -> list[Field]:
    """The fields of a component's class, in the order in which they are written down."""
    hints = get_type_hints(component, include_extras=True)
    result = []
    for info in msgspec.structs.fields(component):
        kind, meta = split_annotation(hints[info.name])
        extra = (meta.extra or {}) if meta else {}
        result.append(
            Field(
                name=info.encode_name,
                kind=kind,
                default=default_of(info),
                required=info.required,
                help=(meta.description or "") if meta else "",
                log=extra.get("log", False),
                live=extra.get("live", False),
                unit=extra.get("unit", ""),
                minimum=first_given(meta, "ge", "gt"),
                maximum=first_given(meta, "le", "lt"),
            )
        )
    return result


def split_annotation(annotation: Any) -> tuple[Any, msgspec.Meta | None]:
    """Part `Annotated[kind, hyper(…)]` into the kind and its metadata (None where there is none)."""
    if get_origin(annotation) is Annotated:
        kind, *extras = get_args(annotation)
        return kind, next((e for e in extras if isinstance(e, msgspec.Meta)), None)
    return annotation, None


def default_of(info: msgspec.structs.FieldInfo) -> Any:
    if info.default_factory is not msgspec.NODEFAULT:
        return info.default_factory()
    return None if info.default is msgspec.NODEFAULT else info.default


def first_given(meta: msgspec.Meta | None, *names: str) -> float | None:
    values = [getattr(meta, name) for name in names] if meta else []
    return next((v for v in values if v is not None), None)


def bounds_text(meta: msgspec.Meta | None) -> str:
    """The range of a number as text: ">= 0 and <= 100", "> 0"; empty where there is none."""
    if meta is None:
        return ""
    signs = ((">=", meta.ge), (">", meta.gt), ("<=", meta.le), ("<", meta.lt))
    return " and ".join(f"{sign} {bound_text(bound)}" for sign, bound in signs if bound is not None)


def bound_text(bound: float) -> str:
    """A bound without digits that say nothing: 0, 0.5, 100."""
    return str(int(bound)) if float(bound).is_integer() else str(bound)
