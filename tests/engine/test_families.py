"""Every member of every family: what forms and reference pages read from it, and that defining it is enough."""

import pytest

from engine.activations import Activation
from engine.augment import Augmentation
from engine.builder import IOSpec
from engine.component import build, members, tree_of
from engine.hyper import fields
from engine.initializers import Initializer
from engine.layers import Layer
from engine.losses import Loss
from engine.metrics import Metric
from engine.network import trace
from engine.optimizers import Optimizer
from engine.schedules import Schedule
from engine.tasks import Task

FAMILIES = [Activation, Augmentation, Initializer, Layer, Loss, Metric, Optimizer, Schedule, Task]
MEMBERS = [(family, tag, cls) for family in FAMILIES for tag, cls in members(family).items()]
IDS = [f"{family.__name__}.{tag}" for family, tag, _ in MEMBERS]


@pytest.mark.parametrize(("family", "tag", "cls"), MEMBERS, ids=IDS)
def test_member_says_what_it_is(family, tag, cls):
    assert cls.__doc__
    assert cls.__doc__ != family.__doc__
    assert tag == tag.lower()


@pytest.mark.parametrize(("family", "tag", "cls"), MEMBERS, ids=IDS)
def test_every_field_has_help_and_every_number_a_sound_default(family, tag, cls):
    for field in fields(cls):
        assert field.help, field.name
        if field.kind is float and not field.required:
            assert field.minimum is None or field.default >= field.minimum
            assert field.maximum is None or field.default <= field.maximum


@pytest.mark.parametrize(("family", "tag", "cls"), MEMBERS, ids=IDS)
def test_member_with_its_defaults_is_read_from_its_name_and_written_back(family, tag, cls):
    if any(field.required for field in fields(cls)):
        pytest.skip("has a field without a default")
    component = build(family, {family.__struct_config__.tag_field: tag})
    assert component == cls()
    assert build(family, tree_of(component)) == component


def test_a_layer_is_known_as_soon_as_its_class_is_defined():
    class Twice(Layer, tag="twice"):
        """y = x, for a test"""

        def plan(self, net, x):
            return x

    layers = build(list[Layer], [{"layer": "twice"}, {"layer": "dense"}])
    assert [block.name for block in trace(layers, IOSpec((3,), 2)).blocks] == ["twice1", "dense2"]
