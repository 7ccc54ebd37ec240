"""The controller: what a viewer asks of a run, step by step and without a thread."""

from dataclasses import replace
from pathlib import Path

import pytest

import presets
from engine.data import prepare
from engine.experiment import dataset_key, experiment_from
from engine.launch import Launch
from tui_lab.session.base import Edit, Look, Play, Undo
from tui_lab.session.controller import Controller


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    experiment = experiment_from(presets.load("spiral"))
    launch = Launch("spiral", experiment, tmp_path)
    controller = Controller(
        launch, prepare(*dataset_key(experiment)), watched=True, events=lambda event: None
    )
    controller.start(0.0)
    yield controller
    controller.loop.close()


def test_a_call_that_was_stopped_before_its_first_step_tells_nothing_of_the_layers(controller):
    look = Look(layers=True)
    controller.carry_out(Play())
    controller.trainer.stop()  # a command has come
    controller.chunk(look)
    assert controller.loop.step == 0
    controller.take_views(look)
    assert controller.snapshot(2, look).layers == ()
    controller.chunk(look)
    controller.take_views(look)
    assert controller.loop.step == 1
    assert all(state.gradient_std for state in controller.snapshot(3, look).layers)


def test_an_edit_before_the_first_step_is_part_of_what_begins_and_can_be_undone(controller):
    controller.carry_out(Edit("optimizer.lr", 0.5))
    assert controller.trainer.experiment.optimizer.lr == 0.5
    assert controller.snapshot(2, Look()).edits == 1
    controller.carry_out(Undo())
    assert controller.trainer.experiment.optimizer.lr == 0.01
    controller.carry_out(Undo())
    assert "no edit to undo" in controller.notice[1]


def test_an_interrupted_run_that_is_opened_says_that_its_edits_come_again(controller):
    controller.carry_out(Play())
    controller.chunk(Look())
    controller.carry_out(Edit("optimizer.lr", 0.5))
    controller.loop.close()  # as a kill leaves it
    launch = replace(controller.launch, run=controller.loop.run)
    opened = Controller(launch, controller.dataset, watched=True, events=lambda event: None)
    opened.start(0.0)
    assert opened.notice[1] == "goes on from step 0; 1 edit made after it will be made again"
    assert opened.trainer.experiment.optimizer.lr == 0.01


def test_what_cannot_change_is_told_and_changes_nothing(controller):
    controller.carry_out(Play())
    controller.chunk(Look())
    for path, value in (("training.seed", 7), ("model.0.units", 3), ("optimizer.lr", -1), ("nonsense", 1)):
        before = controller.trainer.experiment
        controller.carry_out(Edit(path, value))
        assert path.split(".")[-1] in controller.notice[1]
        assert controller.trainer.experiment is before
    assert controller.snapshot(2, Look()).edits == 0
