"""The JSON schema says yes to every preset and no to what the reader refuses."""

from copy import deepcopy

import pytest

import presets
from engine.schema import experiment_schema

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture(scope="module")
def validator():
    schema = experiment_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_is_valid(validator, name):
    errors = [error.message[:200] for error in validator.iter_errors(presets.load(name))]
    assert errors == []


def changed(path: str, value: object) -> dict:
    tree = deepcopy(presets.load("spiral"))
    *parents, last = path.split(".")
    place = tree
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if value is None:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return tree


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("optimizr", {"name": "adam"}),
        ("optimizer.name", "adamm"),
        ("optimizer.learning_rate", 0.1),
        ("optimizer.lr", -1.0),
        ("optimizer.lr", "fast"),
        ("optimizer.lr", 101.0),
        ("model.0.units", 2.5),
        ("model.0.layer", "dens"),
        ("model.0.activation", "gelo"),
        ("model.0.activation", {"name": "leaky_relu", "slop": 0.1}),
        ("training.batch_size", 0),
        ("training.precision", "float16"),
        ("data.source", "spirals"),
        ("data.split", {"train": 2.0}),
        ("loss", None),
        ("data.source", None),
    ],
)
def test_what_is_misspelt_or_out_of_range_is_marked(validator, path, value):
    assert not validator.is_valid(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("optimizer", "adam"),
        ("model.0.activation", {"name": "leaky_relu", "slope": 0.1}),
        ("model.0", "flatten"),
        ("augment", ["noise", {"step": "noise", "std": 0.2}]),
        ("data.seed", 7),
        ("training.steps", 10),
        ("training.metrics", ["accuracy", "macro_f2", {"metric": "top_k", "k": 2}]),
        ("optimizer.lr", 1),
    ],
)
def test_what_the_reader_takes_is_valid(validator, path, value):
    assert validator.is_valid(changed(path, value))


def test_keys_have_help_defaults_and_say_what_is_live():
    adam = experiment_schema()["$defs"]["optimizer.adam"]["properties"]["lr"]
    assert adam == {
        "type": "number", "minimum": 0, "maximum": 100, "default": 0.001,
        "description": "learning rate; may change while training",
    }  # fmt: skip
