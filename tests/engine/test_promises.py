"""The engine's promises: the same bits whatever happens, and what an edit keeps and what it begins anew."""

import threading
import time

import numpy as np
import pytest

from engine.component import tree_of
from engine.errors import InputError
from engine.experiment import experiment_from, override_value
from engine.machine.registers import UPDATES
from engine.plan import layout_key
from helpers.training import SMALL, small, state, train, train_to, trainer_of


def wide(shards: int = 4, accumulate: int = 1):
    return experiment_from(
        {
            "data": {"source": "digits"},
            "model": [
                {"layer": "flatten"},
                {"layer": "dense", "units": 256, "activation": "relu"},
                {"layer": "batch_norm"},
                {"layer": "dropout", "rate": 0.1},
                {"layer": "dense", "units": 256, "activation": "gelu"},
                {"layer": "dense"},
            ],
            "loss": {"name": "cross_entropy"},
            "training": {"batch_size": 256, "steps": 25, "shards": shards, "accumulate": accumulate},
        }
    )


def changed(experiment, **paths):
    """The experiment with values at dotted paths, dots written as two underscores."""
    tree = tree_of(experiment)
    for path, value in paths.items():
        tree = override_value(tree, path.replace("__", "."), value)
    return experiment_from(tree)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_one_thread_and_two_give_the_same_bits(accumulate):
    results = []
    for threads in (1, 2):
        trainer = trainer_of(wide(accumulate=accumulate), threads=threads)
        logs = train(trainer)
        assert trainer.parallel == (threads == 2)
        results.append((logs, state(trainer)))
    assert results[0] == results[1]


def test_the_length_of_chunks_does_not_change_the_bits():
    results = []
    for seconds in (0.0, 0.003, 1.0):
        trainer = trainer_of(small(steps=700))
        results.append((train(trainer, seconds), state(trainer)))
    assert results[0] == results[1] == results[2]


def test_iterating_starts_the_training_and_gives_every_step_once():
    chunks = list(trainer_of(small(steps=300)))
    assert [c.first for c in chunks] == [0, *(c.last for c in chunks[:-1])]
    assert chunks[-1].last == 300
    assert sum(len(c.losses) for c in chunks) == sum(len(c.rates) for c in chunks) == 300
    assert [c.log.step for c in chunks if c.log] == [70, 140, 210, 280, 300]


def test_another_seed_gives_other_bits():
    first, second = trainer_of(small(steps=70, seed=1)), trainer_of(small(steps=70, seed=2))
    train(first)
    train(second)
    assert state(first) != state(second)


def test_a_model_too_large_for_memory_is_refused_before_it_is_allocated():
    layers = [{"layer": "dense", "units": 900_000}] * 3 + [{"layer": "dense"}]
    trainer = trainer_of(experiment_from(SMALL | {"model": layers}))
    with pytest.raises(InputError, match="too large for memory"):
        trainer.start()


def test_stop_ends_a_native_call_within_a_step_and_the_next_call_trains_on():
    trainer = trainer_of(small(steps=50_000_000, evaluate_every=50_000_000))
    trainer.start()
    trainer.advance(0.001)
    threading.Timer(0.1, trainer.stop).start()
    began = time.monotonic()
    assert trainer.advance(seconds=600).stopped
    assert time.monotonic() - began < 60, "it did not wait for its time to pass"
    step = trainer.step
    trainer.stop()
    assert trainer.advance().stopped
    assert trainer.step == step, "what was asked between two calls is done by the next"
    trainer.advance()
    assert trainer.step > step


# -- edits ------------------------------------------------------------------------------------------------


def test_an_edit_that_changes_nothing_does_not_change_the_bits():
    plain, edited = trainer_of(small(steps=700)), trainer_of(small(steps=700))
    train(plain)
    edited.start()
    while not edited.finished:
        edited.advance()
        assert edited.edit(edited.experiment) == []
    assert state(edited) == state(plain)


def test_an_edit_of_numbers_is_made_in_place_and_gives_the_bits_of_one_that_lays_out_anew(monkeypatch):
    results = []
    for key in (layout_key, lambda e: object()):
        monkeypatch.setattr("engine.trainer.layout_key", key)
        trainer = trainer_of(small(steps=300, clip_norm=1.0, l2=0.1))
        trainer.start()
        train_to(trainer, 100)
        plan = trainer.plan
        made = trainer.edit(
            changed(
                trainer.experiment, optimizer__beta1=0.5, optimizer__lr=0.03, training__clip_norm=0.01,
                training__l2=0.3, training__average=0.5, schedule__warmup=150,
            )
        )  # fmt: skip
        assert len(made) == 6
        assert (trainer.plan is plan) == (key is layout_key)
        while not trainer.finished:
            trainer.advance()
        results.append(state(trainer))
    assert results[0] == results[1]
    untouched = trainer_of(small(steps=300, clip_norm=1.0, l2=0.1))
    train(untouched)
    assert state(untouched) != results[0]


def test_an_edit_keeps_parameters_and_counters_and_another_optimizer_begins_anew():
    trainer = trainer_of(small(steps=700))
    trainer.start()
    train_to(trainer, 50)
    before = {name: array.copy() for name, array in trainer.arrays().items()}
    trainer.edit(
        changed(
            trainer.experiment, optimizer={"name": "sgd", "lr": 0.1, "momentum": 0.9},
            training__batch_size=17, training__clip_norm=1.0,
        )
    )  # fmt: skip
    for name, array in trainer.arrays().items():
        if name.startswith("optimizer."):
            assert not array.any()
        elif name != "clock/clock":
            assert (array == before[name]).all()
    assert trainer.step == 50
    assert trainer.clock[UPDATES] == 0
    log = None
    while log is None:
        log = trainer.advance().log
    assert log.train_loss < 0.7


@pytest.mark.parametrize(
    ("layer", "path", "value"),
    [
        (
            {"layer": "dense", "units": 8, "activation": {"name": "leaky_relu"}},
            "model.0.activation.slope",
            0.9,
        ),
        ({"layer": "dense", "units": 8, "activation": {"name": "elu"}}, "model.0.activation.alpha", 3.0),
        ({"layer": "layer_norm"}, "model.0.epsilon", 0.5),
        ({"layer": "dropout", "rate": 0.1}, "model.0.rate", 0.6),
    ],
)
def test_after_an_edit_of_a_layer_training_evaluation_and_the_best_parameters_use_the_new_value(
    layer, path, value
):
    tree = SMALL | {"model": [layer, {"layer": "dense"}]}
    tree["training"] = tree["training"] | {"average": 0.0}
    trainer = trainer_of(experiment_from(tree))
    trainer.start()
    train_to(trainer, 140)
    trainer.edit(experiment_from(override_value(tree_of(trainer.experiment), path, value)))
    log = trainer.evaluate()

    fresh = trainer_of(experiment_from(override_value(tree, path, value)))
    fresh.start()
    for name in trainer.network.shapes:
        fresh.memory[name][...] = trainer.memory[name]
    fresh.clock[0] = 140
    expected = fresh.evaluate()
    assert (log.val_loss, log.metrics) == (expected.val_loss, expected.metrics)
    fresh.best = trainer.best
    assert trainer.test_scores() == fresh.test_scores()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("training.precision", "float64"),
        ("training.seed", 7),
        ("training.accumulate", 2),
        ("data.samples", 201),
        ("model.0.units", 17),
        ("model.0.activation", "relu"),
        ("loss", {"name": "hinge"}),
    ],
)
def test_what_cannot_change_while_a_network_learns_is_refused_by_the_engine_and_training_goes_on(path, value):
    trainer = trainer_of(small(steps=210))
    trainer.start()
    train_to(trainer, 50)
    with pytest.raises(InputError, match=rf"{path}.* cannot change while the network learns; restart"):
        trainer.edit(experiment_from(override_value(tree_of(trainer.experiment), path, value)))
    reference = trainer_of(small(steps=210))
    train(reference)
    while not trainer.finished:
        trainer.advance()
    assert state(trainer) == state(reference)


def test_a_running_mean_of_the_weights_that_is_switched_on_begins_at_the_present_ones():
    trainer = trainer_of(small(average=0.0))
    trainer.start()
    train_to(trainer, 100)
    trainer.edit(changed(trainer.experiment, training__average=0.999))
    for name in trainer.network.shapes:
        mean = trainer.memory.areas["average"].tensors[name].array
        assert (mean == trainer.memory[name]).all()
    assert np.isfinite(trainer.evaluate().val_loss)


def test_the_factor_of_a_plateau_does_not_outlive_its_schedule():
    trainer = trainer_of(changed(small(), schedule={"name": "plateau"}))
    trainer.start()
    trainer.progress.plateau = 0.125
    trainer.edit(changed(trainer.experiment, schedule={"name": "plateau", "gamma": 0.1}))
    assert trainer.rates(0, 1)[0] == pytest.approx(0.00125), "another number of the same schedule keeps it"
    trainer.edit(changed(trainer.experiment, schedule={"name": "constant"}))
    assert trainer.rates(0, 1)[0] == 0.01


def test_fewer_steps_than_were_made_end_the_training_and_more_let_it_go_on():
    trainer = trainer_of(small())
    trainer.start()
    train_to(trainer, 100)
    trainer.edit(changed(trainer.experiment, training__steps=80))
    assert trainer.progress.ended == "done"
    trainer.edit(changed(trainer.experiment, training__steps=120))
    assert not trainer.finished
    while not trainer.finished:
        trainer.advance()
    assert trainer.step == 120


def test_another_monitor_looks_for_the_best_parameters_anew():
    trainer = trainer_of(small())
    trainer.start()
    train_to(trainer, 140)
    trainer.edit(changed(trainer.experiment, training__monitor="accuracy"))
    assert trainer.best_so_far() is None
    log = trainer.evaluate()
    assert trainer.best_so_far() == {"step": 140, "accuracy": log.metrics["accuracy"]}
