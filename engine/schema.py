"""A JSON schema of an experiment's file, so that editors complete keys, show help and mark what is wrong."""

import inspect
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from engine.catalog import first_sentence
from engine.component import Component, is_family, is_holder, members, tree_of
from engine.experiment import Experiment
from engine.hyper import fields, split_annotation

Json = dict[str, Any]

BASIC: dict[Any, Json] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
}
BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def experiment_schema() -> Json:
    """The schema (draft 2020-12) of an experiment as TOML writes it."""
    definitions: Json = {}
    root = struct_schema(Experiment, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tui-lab experiment",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def struct_schema(cls: type[Component], definitions: Json) -> Json:
    """A table with the fields of a component, and nothing else in it."""
    hints = get_type_hints(cls, include_extras=True)
    properties: Json = {}
    for info, each in zip(msgspec.structs.fields(cls), fields(cls), strict=True):
        schema = schema_of(hints[info.name], definitions)
        help = f"{each.help} ({each.unit})" if each.unit else each.help
        if help:
            schema["description"] = help + ("; may change while training" if each.live else "")
        default = None if each.required else tree_of(each.default)
        if default is not None:
            schema["default"] = default
        properties[each.name] = schema
    required = [each.name for each in fields(cls) if each.required]
    config = cls.__struct_config__
    if config.tag_field and config.tag != cls.__name__:
        properties = {config.tag_field: {"const": cls.tag()}} | properties
        required = [config.tag_field, *required]
    about = first_sentence(inspect.getdoc(cls) or "")
    return {
        "description": about, "type": "object", "properties": properties, "required": required,
        "additionalProperties": False,
    }  # fmt: skip


def schema_of(annotation: Any, definitions: Json) -> Json:
    """The schema of what a field holds."""
    kind, meta = split_annotation(annotation)
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in BASIC:
        bounds = {
            BOUNDS[name]: getattr(meta, name) for name in BOUNDS if getattr(meta, name, None) is not None
        }
        return BASIC[kind] | bounds
    if is_holder(kind):
        return {"type": "string"}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        parts = [schema_of(part, definitions) for part in arguments if part is not type(None)]
        return parts[0] if len(parts) == 1 else {"anyOf": parts}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0], definitions)}
    if is_family(kind):
        return {"$ref": f"#/$defs/{family_definition(kind, definitions)}"}
    if isinstance(kind, type) and issubclass(kind, Component):
        name = kind.__name__.lower()
        if name not in definitions:
            definitions[name] = {}  # a struct may hold itself
            definitions[name] = struct_schema(kind, definitions)
        return {"$ref": f"#/$defs/{name}"}
    return {}


def family_definition(family: type[Component], definitions: Json) -> str:
    """Define a family: one of its members, as a table, or its bare name where all its fields may be left out."""
    name = family.__name__.lower()
    if name in definitions:
        return name
    definitions[name] = {}  # layers hold layers
    known = members(family)
    bare = [tag for tag, cls in known.items() if not any(f.required for f in fields(cls))]
    references = []
    for tag, cls in known.items():
        key = f"{name}.{tag}"
        definitions[key] = struct_schema(cls, definitions)
        references.append({"$ref": f"#/$defs/{key}"})
    about = first_sentence(inspect.getdoc(family) or "")
    has_others = family.shorthand.__func__ is not Component.shorthand.__func__  # type: ignore[attr-defined]
    names = {"type": "string", "examples": bare} if has_others else {"enum": bare}
    definitions[name] = {"description": about, "anyOf": [names, *references]}
    return name
