"""Components built in Python: checked, lifted, compared, copied as those of TOML are."""

import copy
import pickle
import timeit

import numpy as np
import pytest
from msgspec.structs import replace

from engine.activations import Gelu, LeakyRelu, Relu
from engine.augment import Augmentation, Cutout, Noise
from engine.component import Component, build, members, tree_of
from engine.data import Source
from engine.data.sources.generated import Linear, Moons
from engine.errors import InputError, RenamedWarning
from engine.experiment import Experiment, Training
from engine.hyper import fields
from engine.initializers import Normal
from engine.layers import Layer
from engine.layers.branches import Concat
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.shape import Flatten
from engine.losses import CrossEntropy
from engine.optimizers import Adam, AdamW, Optimizer


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adam(lr=-5), r"^Adam.lr = -5: expected a number >= 0 and <= 100$"),
        (lambda: Adam(lr=float("nan")), r"^Adam.lr = nan: expected a finite number$"),
        (lambda: Adam(beta1=1.0), r"^Adam.beta1 = 1.0: expected a number >= 0 and < 1$"),
        (lambda: Adam(lr="fast"), r"^Adam.lr = 'fast': expected a number, got text$"),
        (lambda: Dense(units=-3), r"^Dense.units = -3: expected a whole number >= 0 and <= 1000000$"),
        (lambda: Dense(units=2.5), r"^Dense.units = 2.5: expected a whole number"),
        (lambda: Dense(8, "gelo"), r"^Dense.activation.name = 'gelo': unknown; did you mean 'gelu'\?$"),
        (lambda: Dense(8, over="rows"), r"^Dense.over = 'rows': expected 'row' or 'position'$"),
        (lambda: Dense(8, bias=1), r"^Dense.bias = 1: expected true or false"),
        (lambda: Dense(8, Adam()), r"^Dense.activation = Adam\(\): expected a table with 'name'$"),
        (lambda: Dense(8, {"name": "leaky_relu", "slope": 2}), r"^Dense.activation.slope = 2: expected"),
        (lambda: Training(batch_size=0, steps=1), r"^Training.batch_size = 0: expected a whole number >= 1$"),
        (lambda: Training(), r"^Training: one of training.steps and training.epochs must be above 0$"),
        (lambda: Linear(low=1, high=1), r"^Linear: low = 1 must be below high = 1$"),
        (lambda: replace(Adam(), lr=-1), r"^Adam.lr = -1: expected"),
    ],
)
def test_what_is_wrong_is_said_when_a_component_is_built_in_python(make, message):
    with pytest.raises(InputError, match=message) as raised:
        make()
    assert isinstance(raised.value, ValueError)  # as Python's own constructors raise


def test_names_and_tables_become_components():
    layer = Dense(64, "gelu", initializer={"name": "normal", "std": 0.1})
    assert layer == Dense(64, Gelu(), initializer=Normal(0.1))
    assert Dense(8, {"name": "leaky_relu", "slope": 0.2}).activation == LeakyRelu(0.2)


def test_lists_of_layers_take_layers_names_and_tables():
    layer = Concat(branches=[[Dense(4), "flatten"], ({"layer": "dense", "units": 4},)])
    assert layer.branches == [[Dense(4), Flatten()], [Dense(4)]]
    experiment = Experiment(
        data="moons", model=("flatten", Dense(8, "relu"), Dense()), loss="cross_entropy", augment=["noise"],
        training={"steps": 10},
    )  # fmt: skip
    assert experiment.data == Moons()
    assert experiment.model == [Flatten(), Dense(8, Relu()), Dense()]
    assert experiment.loss == CrossEntropy()
    assert experiment.augment == [Noise()]
    assert experiment.training == Training(steps=10)


def test_the_place_in_a_list_is_named():
    with pytest.raises(InputError, match=r"^Experiment.model.1.layer = 'dens': unknown; did you mean"):
        Experiment(data=Moons(), model=[Dense(4), "dens"], loss=CrossEntropy(), training=Training(steps=1))


def test_whole_numbers_and_numpy_numbers_are_taken_as_plain_ones():
    optimizer = Adam(lr=np.float32(0.5), beta1=0)
    assert (type(optimizer.lr), type(optimizer.beta1)) == (float, float)
    layer = Dense(np.int64(8), bias=np.bool_(False))
    assert layer == Dense(8, bias=False)
    assert type(layer.units) is int
    assert CrossEntropy(class_weights=np.array([1.0, 2.0])) == CrossEntropy(class_weights=[1.0, 2.0])


def test_an_infinite_bound_of_python_is_refused_as_that_of_toml():
    with pytest.raises(InputError, match=r"Noise.std = inf: expected a finite number"):
        Noise(std=np.float64("inf"))


def test_the_repr_shows_what_was_chosen_and_builds_the_same():
    layer = Dense(64, "gelu", initializer=Normal(0.1))
    assert repr(layer) == "Dense(units=64, activation=Gelu(), initializer=Normal(std=0.1))"
    assert eval(repr(layer)) == layer
    assert repr(AdamW()) == "AdamW()"


def test_components_are_equal_by_their_values_and_cannot_be_changed():
    assert Adam(lr=1) == Adam(lr=1.0) != AdamW(lr=1.0)
    assert hash(Adam(lr=1)) == hash(Adam(lr=1.0))
    with pytest.raises(AttributeError):
        Adam().lr = 0.1


def every_component() -> list[Component]:
    found = []
    for family in (Layer, Optimizer):
        for cls in members(family).values():
            required = {
                "branches": [[Dense(2)], []], "layers": [Dropout(0.1)], "shape": [2, 2], "column": 0,
                "function": "relu",
            }  # fmt: skip
            names = [name for name in cls.__struct_fields__ if name in required and cls.tag() != "lstm"]
            try:
                found.append(cls())
            except TypeError:
                found.append(cls(**{name: required[name] for name in names}))
    return found


@pytest.mark.parametrize("component", every_component(), ids=lambda c: type(c).__name__)
def test_components_survive_pickle_copies_and_toml(component):
    assert pickle.loads(pickle.dumps(component)) == component
    assert copy.copy(component) == component
    assert copy.deepcopy(component) == component
    family = Optimizer if isinstance(component, Optimizer) else Layer
    assert build(family, tree_of(component)) == component


def test_building_a_component_costs_microseconds():
    Dense(64, "gelu")
    gelu = Gelu()
    seconds = min(timeit.repeat(lambda: Dense(64, gelu), number=1000, repeat=5)) / 1000
    assert seconds < 50e-6  # 3 µs on an idle core


def test_a_tag_and_a_field_that_were_renamed_still_work_with_a_note():
    with pytest.warns(RenamedWarning, match="^augment.0: 'cut_out' is called 'cutout' now; the old"):
        old = build(list[Augmentation], [{"step": "cut_out", "size": 3}], "augment")
    assert old == [Cutout(size=3)]
    assert tree_of(old) == [{"step": "cutout", "size": 3}]
    with pytest.warns(RenamedWarning, match="'cut_out' is called"):
        assert build(list[Augmentation], ["cut_out"], "augment") == [Cutout()]
    with pytest.warns(RenamedWarning, match="^data: 'colours' is called 'colors' now"):
        source = build(Source, {"source": "images", "path": "x", "colours": "grey"}, "data")
    assert source.colors == "grey"


def test_a_field_given_by_its_old_and_its_new_name_is_refused():
    tree = {"source": "images", "path": "x", "colours": "grey", "colors": "rgb"}
    with pytest.raises(InputError, match="data: 'colours' and 'colors' are the same; leave one out"):
        build(Source, tree, "data")


def test_no_former_name_is_another_present_one():
    for family in Component.__subclasses__():
        known = members(family)
        for cls in known.values():
            assert not set(cls.former_tags) & set(known), cls
            assert not set(cls.former_fields) & {f.name for f in fields(cls)}, cls
            assert set(cls.former_fields.values()) <= {f.name for f in fields(cls)}, cls
