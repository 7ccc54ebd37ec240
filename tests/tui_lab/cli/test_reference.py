"""reference: complete, true, and the page in docs made from it."""

import json
import tomllib
from pathlib import Path

import pytest

import tui_lab as tl
from engine.catalog import FAMILIES, entries, find
from engine.component import Component, build
from engine.errors import InputError
from engine.examples import example_of
from engine.hyper import fields
from helpers.command_line import lab, refused
from tui_lab.cli.markdown import reference_page

ROOT = Path(__file__).parents[3]
COMPONENTS = [entry for entry in entries() if entry.cls is not None]


def test_the_page_in_docs_is_fresh():
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert page == reference_page(), "run python tools/make_reference.py"


def test_every_family_of_components_is_listed():
    families = {f for f in Component.__subclasses__() if f.__struct_config__.tag_field}
    assert families - {family.base for family in FAMILIES} == {
        find_class("Task")
    }  # what is learned is no choice


def find_class(name: str) -> type:
    return next(cls for cls in Component.__subclasses__() if cls.__name__ == name)


@pytest.mark.parametrize("entry", COMPONENTS, ids=lambda e: f"{e.family}-{e.name}")
def test_a_component_is_told_whole(entry):
    text = lab("reference", entry.name).out
    assert entry.class_name in text
    for field in fields(entry.cls):
        assert any(line.split()[:1] == [field.name] for line in text.splitlines())


@pytest.mark.parametrize("entry", COMPONENTS, ids=lambda e: f"{e.family}-{e.name}")
def test_its_examples_can_be_used_as_they_stand(entry):
    made = eval(entry.python, {"tl": tl})
    assert made == example_of(entry.cls).component()
    assert tomllib.loads(entry.toml)


def test_a_layer_is_shown_with_ranges_defaults_and_what_is_live():
    text = lab("reference", "Dropout").out
    assert "rate   0.5      number >= 0 and < 1  live" in text
    assert 'layer = "dropout"' in text
    assert "tl.Dropout(rate=0.5)" in text


def test_a_name_that_two_components_share_shows_both():
    out = lab("reference", "constant").out
    assert "(schedules, in Python ConstantRate)" in out
    assert "(initializers, in Python Constant)" in out


def test_a_family_lists_its_members():
    lines = lab("reference", "optimizer").out.splitlines()
    assert lines[0].startswith("Optimizers")
    assert sum(line.startswith("  ") for line in lines) == len(
        [e for e in entries() if e.family == "optimizer"]
    )


def test_a_dotted_field_leads_to_its_component():
    assert find("adam.lr") == find("adam")


def test_an_unknown_name_is_refused_with_the_nearest_one():
    assert refused("reference", "adamm") == "tui-lab: nothing is called 'adamm'; did you mean 'adam'?"
    with pytest.raises(InputError):
        find("")


def test_json_prints_one_object_a_component():
    lines = lab("reference", "--json").lines
    assert len(lines) == len(entries())
    adam = next(line for line in lines if line["class_name"] == "Adam")
    assert adam["fields"][0] == {
        "name": "lr", "kind": "number", "default": "0.001", "range": ">= 0 and <= 100", "live": True, "unit": "",
        "help": "learning rate",
    }  # fmt: skip


def test_every_metric_says_what_it_measures():
    for entry in entries():
        if entry.family == "metric":
            assert len(entry.summary.split()) > 3, entry


def test_the_schema_option_prints_json():
    assert json.loads(lab("reference", "--schema").out)["title"] == "tui-lab experiment"


def test_a_family_builds_its_members_by_name():
    for entry in COMPONENTS:
        base = next(f.base for f in FAMILIES if f.name == entry.family)
        if entry.family != "table":
            example = example_of(entry.cls)
            tag = entry.cls.__struct_config__.tag_field
            assert build(base, {tag: entry.name, **example.values}) == example.component()
