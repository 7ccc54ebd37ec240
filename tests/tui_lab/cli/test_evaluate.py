"""eval: one page to read, and the same as JSON."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from helpers.command_line import lab, only_run, refused
from helpers.tables import table


@pytest.fixture
def trained(tmp_path):
    (tmp_path / "t.csv").write_text(table(200))
    assert lab("train", tmp_path / "t.csv", "--name", "t", "--epochs", "5", "--quiet").code == 0
    return tmp_path


def measured(*arguments: object) -> dict:
    outcome = lab("eval", "t", "--json", *arguments)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_the_page_tells_intervals_classes_calibration_and_precision(trained):
    text = lab("eval", "t").out
    for word in (
        "95 % interval",
        "precision",
        "macro mean",
        "true \\ predicted",
        "calibration:",
        "recall of at least",
    ):
        assert word in text


def test_json_holds_what_the_page_shows(trained):
    found = measured()
    low, high = found["intervals"]["accuracy"]
    assert low <= found["accuracy"] <= high
    assert sum(c["support"] for c in found["classes"]) == found["rows"] == 30
    assert np.array(found["confusion"]).sum() == 30
    assert 0 <= found["calibration"]["ece"] <= 1
    assert set(found["precision_recall"]) == {"low"}


def test_groups_of_a_column_are_measured_apart_and_make_up_the_whole(trained):
    found = measured("--by", "color")
    groups = found["by"]["groups"]
    assert set(groups) == {"red", "blue"}
    rows = [g["rows"] for g in groups.values()]
    assert sum(rows) == found["rows"]
    mean = sum(g["rows"] * g["accuracy"] for g in groups.values()) / found["rows"]
    assert mean == pytest.approx(found["accuracy"])
    assert {"precision", "recall", "f1"} <= set(groups["red"])


def test_a_column_of_numbers_is_cut_at_its_quartiles(trained):
    groups = measured("--by", "length", "--split", "train")["by"]["groups"]
    assert len(groups) == 4
    assert {g["rows"] for g in groups.values()} == {35}


def test_labelled_rows_of_another_file_are_measured(trained):
    (trained / "more.csv").write_text(table(50, seed=9))
    found = measured("--input", trained / "more.csv", "--by", "color")
    assert found["rows"] == 50
    assert sum(g["rows"] for g in found["by"]["groups"].values()) == 50
    (trained / "bare.csv").write_text("length,color,when\n1,red,2\n")
    assert "no column 'level'" in refused("eval", "t", "--input", str(trained / "bare.csv"))


def test_the_same_rows_from_a_file_give_the_same_numbers(trained):
    whole = measured("--input", trained / "t.csv")
    parts = [measured("--split", split) for split in ("train", "val", "test")]
    mean = sum(p["rows"] * p["accuracy"] for p in parts) / sum(p["rows"] for p in parts)
    assert whole["accuracy"] == pytest.approx(mean)


def test_a_threshold_for_a_stated_cost_is_chosen_on_the_validation_rows(trained):
    found = measured("--cost", "1:5")["threshold"]
    assert found["chosen_on"] == "the validation rows"
    assert found["positive"] == "low"
    assert 0 <= found["threshold"] <= 1
    train = measured("--cost", "1:5", "--split", "train")["threshold"]
    assert train["cost"] <= train["cost_at_half"]
    assert measured("--cost", "1:5", "--positive", "high")["threshold"]["positive"] == "high"
    for wrong in ("5", "a:b", "-1:2", "0:0"):
        assert lab("eval", "t", "--cost", wrong).code == 2


def test_residuals_of_numbers_are_told(tmp_path):
    lab("train", "diabetes", "--name", "t", "--steps", "50", "--quiet")
    found = measured()
    (rest,) = found["residuals"]
    assert rest["target"] in lab("eval", "t").out
    assert list(rest["quantiles"]) == ["0.05", "0.25", "0.5", "0.75", "0.95"]
    assert "two classes" in refused("eval", "t", "--cost", "1:1")


def test_data_that_was_moved_is_found_where_it_lies_now(trained):
    before = measured()
    moved = trained / "elsewhere.csv"
    (trained / "t.csv").rename(moved)
    assert "no such file" in refused("eval", "t")
    assert measured("--data", moved) == before
    (trained / "other.csv").write_text(table(200, seed=5))
    assert "the data has changed" in refused("eval", "t", "--data", str(trained / "other.csv"))


def test_of_a_run_that_is_still_trained_the_step_of_its_best_parameters_is_told():
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    with only_run().lock():
        outcome = lab("eval", "r")
    assert "r is still being trained; these are its best parameters so far, of step 5" in outcome.err
    assert "still being trained" not in lab("eval", "r").err


def test_eval_measures_any_split():
    lab("train", "iris", "--quiet", "--steps", "300", "--name", "r")
    outcome = lab("eval", "r", "--json")
    values = json.loads(outcome.out)
    assert values["accuracy"] == only_run().summary()["test"]["accuracy"]
    assert values["rows"] == 60
    text = lab("eval", "last", "--split", "train").out
    assert "68 train rows" in text
    assert "versicolor" in text
    assert lab("eval", "r", "--split", "tset").code == 2


def test_ratings_are_measured_beside_simple_rules_and_predicted_for_whoever_comes(tmp_path):
    lab("train", "ratings", "--quiet", "--name", "r")
    text = " ".join(lab("eval", "r").out.split())
    for word in ("rmse 0.3", "rmse_global_mean 0.9", "rmse_biases 0.7", "rmse_floor 0.2"):
        assert word in text
    values = json.loads(lab("eval", "r", "--json").out)
    assert values["rmse_floor"] < values["rmse"] < values["rmse_biases"] < values["rmse_global_mean"]
    assert only_run().summary()["test"]["rmse_biases"] == values["rmse_biases"]
    new = tmp_path / "new.csv"
    new.write_text("item,user\n7,3\n7,999\nnew,999\n")
    outcome = lab("predict", "r", "--input", new)
    assert outcome.code == 0
    assert outcome.err.splitlines() == [
        "tui-lab: user: in 2 of 3 rows one that training never saw; it is taken for an average one",
        "tui-lab: item: in 1 of 3 rows one that training never saw; it is taken for an average one",
    ]
    name, *ratings = outcome.out.splitlines()
    assert name == "rating"
    assert float(ratings[2]) == pytest.approx(3.5, abs=0.1)
    assert len(set(ratings)) == 3


def test_a_run_is_not_measured_on_data_that_has_changed(tmp_path):
    table = tmp_path / "mine.csv"
    rows = [f"{i % 7},{i % 5},{'yes' if i % 7 > 3 else 'no'}" for i in range(60)]
    table.write_text("\n".join(["a,b,answer", *rows]) + "\n")
    changes = ["data.source=csv", f"data.path={table}", "data.target=answer"]
    lab(
        "train",
        "moons",
        "--quiet",
        "--steps",
        "5",
        "--name",
        "r",
        *(x for c in changes for x in ("--set", c)),
    )
    assert lab("eval", "r").code == 0
    with open(table, "a") as file:
        file.write("1,1,no\n")
    assert "the data has changed since the run began" in refused("eval", "r")
    assert "the data has changed since the run began" in lab("resume", "r", "--steps", "9").err
    table.unlink()
    (tmp_path / "new.csv").write_text("a,b\n6,1\n")
    assert lab("predict", "r", "--input", tmp_path / "new.csv").code == 0


def test_damaged_and_foreign_checkpoints_are_refused():
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    lab("train", "wine", "--quiet", "--steps", "5", "--name", "other")
    root = Path(os.environ["TUI_LAB_RUNS"])
    good = (root / "r" / "checkpoints" / "best.safetensors").read_bytes()
    (root / "r" / "checkpoints" / "best.safetensors").write_bytes(good[:-50])
    assert "the checkpoint is damaged" in refused("eval", "r")
    foreign = (root / "other" / "checkpoints" / "best.safetensors").read_bytes()
    (root / "r" / "checkpoints" / "best.safetensors").write_bytes(foreign)
    assert "belongs to another experiment" in refused("eval", "r")
    assert "belongs to another experiment" in refused("predict", "r", "--input", "new.csv")
    for path in (root / "r" / "checkpoints").glob("step-*"):
        path.write_bytes((root / "other" / "checkpoints" / path.name).read_bytes())
    (root / "r" / "checkpoints" / "best.safetensors").write_bytes(good)
    assert "belongs to another experiment" in refused("resume", "r", "--steps", "9")
