"""The form is made from the fields of the components, whatever they are."""

import pytest

import presets
from engine.experiment import experiment_from
from tui_lab.tui.form import named, nudged, rows_of


def rows(name="spiral"):
    return {row.path: row for row in rows_of(experiment_from(presets.load(name)))}


@pytest.mark.parametrize("name", presets.names())
def test_every_field_of_every_preset_is_in_the_form(name):
    paths = rows(name)
    for path in (
        "optimizer.lr",
        "training.batch_size",
        "schedule.name",
        "data.source",
        "data.split.train",
        "loss.name",
    ):
        assert path in paths
    assert all(f"model.{i}.layer" in paths for i in range(len(experiment_from(presets.load(name)).model)))


def test_live_fields_are_those_that_say_so():
    form = rows("digits-mlp")
    live = {path for path, row in form.items() if row.live}
    assert {"optimizer.lr", "optimizer.name", "training.l2", "model.2.rate", "training.freeze"} <= live
    assert not {"model.1.units", "data.source", "training.seed", "training.precision"} & live


def test_a_nudge_multiplies_on_log_scales_and_steps_elsewhere():
    form = rows("digits-mlp")
    assert nudged(form["optimizer.lr"], True) == pytest.approx(0.002 * 1.25)
    assert nudged(form["optimizer.lr"], False) == pytest.approx(0.002 / 1.25)
    assert nudged(form["training.batch_size"], True) == 80
    assert nudged(form["optimizer.beta1"], True) == pytest.approx(0.91)
    assert nudged(form["model.2.rate"], True) == pytest.approx(0.25)
    assert nudged(form["training.l2"], True) == pytest.approx(1e-4), "from nothing to something"


def test_a_nudge_of_a_choice_goes_round():
    form = rows()
    names = form["optimizer.name"].choices
    assert nudged(form["optimizer.name"], True) == names[(names.index("adamw") + 1) % len(names)]
    assert nudged(form["model.0.activation"], True) in form["model.0.activation"].choices
    with pytest.raises(ValueError, match="type a value"):
        nudged(form["training.freeze"], True)


def test_a_nudge_stays_within_the_bounds():
    form = rows()
    for path, row in form.items():
        for up in (True, False):
            for _ in range(3):
                try:
                    value = nudged(row, up)
                except ValueError:
                    break
                if row.field is not None and isinstance(value, float) and row.field.maximum is not None:
                    assert value <= row.field.maximum, path


def test_augmentation_is_a_live_list_whose_steps_can_be_nudged_and_exchanged():
    assert rows()["augment"].live
    assert rows()["augment"].text == "–"
    tree = presets.load("digits-mlp") | {"augment": ["noise", {"step": "shift", "pixels": 1}]}
    form = {row.path: row for row in rows_of(experiment_from(tree))}
    assert form["augment"].text == "noise, shift"
    assert all(form[path].live for path in ("augment.0.step", "augment.0.std", "augment.1.pixels"))
    assert nudged(form["augment.0.std"], True) == pytest.approx(0.125)
    assert nudged(form["augment.0.step"], True) == "shift"
    assert not form["data.preprocess"].live


def test_a_list_may_be_typed_as_names_and_what_is_in_it_keeps_its_fields():
    now = experiment_from(presets.load("digits-mlp") | {"augment": [{"step": "noise", "std": 0.7}]}).augment
    assert named(now, "flip, noise") == ["flip", {"step": "noise", "std": 0.7}]
    assert named(now, "") == []
    assert named(["dense1"], "dense1,dense2") == ["dense1", "dense2"]
