"""train and resume from end to end, in this process; test_process.py has what needs a real one."""

import os

import pytest

from engine.optimizers import Sgd
from helpers.command_line import lab, only_run, refused


def test_json_is_the_contract():
    outcome = lab("train", "iris", "--json", "--steps", "60", "--seed", "3")
    assert outcome.code == 0
    assert outcome.err == ""
    start, *middle, end = outcome.lines
    assert start["event"] == "start"
    assert start["experiment"]["training"] | {"steps": 60, "seed": 3} == start["experiment"]["training"]
    assert start["parameters"] == 131
    logs = [line for line in middle if line["event"] == "log"]
    assert {line["event"] for line in middle} == {"log", "checkpoint"}
    for key in ("step", "train_loss", "val_loss", "accuracy", "lr"):
        assert key in logs[-1]
    assert [log["step"] for log in logs][-1] == 60
    assert end["event"] == "end"
    assert end["reason"] == "done"
    assert end["steps"] == 60
    assert end["steps_per_second"] > 0
    assert end["seconds"] > 0
    assert set(end["best"]) == {"step", "val_loss"}
    assert {"loss", "accuracy", "macro_f1", "roc_auc"} <= set(end["test"])
    assert str(only_run().path) == start["run"]


def test_the_runs_directory_holds_plain_files():
    lab("train", "iris", "--quiet", "--steps", "60")
    run = only_run()
    assert {"experiment.toml", "metrics.jsonl", "events.jsonl", "summary.json"} <= set(os.listdir(run.path))
    assert run.best.is_file()
    assert [line["step"] for line in run.metrics()][-1] == 60
    assert [line["event"] for line in run.events()][::2] == ["start", "end"]
    assert run.summary()["reason"] == "done"


def test_quiet_prints_nothing():
    outcome = lab("train", "iris", "--quiet", "--steps", "10")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_piped_output_is_plain_aligned_lines_without_control_characters():
    outcome = lab("train", "iris", "--steps", "300")
    assert outcome.code == 0
    assert "\x1b" not in outcome.out
    assert "\r" not in outcome.out
    steps = [line for line in outcome.out.splitlines() if line.startswith("step")]
    assert steps[-1].startswith("step 300 of 300  epoch")
    for word in ("train", "val", "accuracy", "steps/s"):
        assert word in steps[-1]
    assert "test   loss" in outcome.out


def test_lengths_seeds_names_and_changes_are_taken():
    lab(
        "train",
        "iris",
        "--quiet",
        "--epochs",
        "2",
        "--name",
        "mine",
        "--set",
        "optimizer.lr=0.5",
        "--seed",
        "9",
    )
    experiment = only_run().experiment()
    assert only_run().name == "mine"
    assert experiment.training.steps == 5
    assert (experiment.optimizer.lr, experiment.training.seed) == (0.5, 9)
    outcome = lab("train", "spiral", "--minutes", "0.005", "--steps", "100000000", "--json")
    assert outcome.lines[-1]["reason"] == "time"


def test_the_same_seed_gives_the_same_measurements():
    measured = []
    for name in ("a", "b"):
        lines = lab("train", "moons", "--json", "--steps", "200", "--name", name).lines
        measured.append([line for line in lines if line["event"] == "log"])
    assert measured[0] == measured[1]


def test_a_file_of_the_users_own_is_trained(tmp_path):
    path = tmp_path / "mine.toml"
    assert lab("presets", "copy", "iris", path).code == 0
    assert "label_smoothing" in path.read_text()
    assert lab("train", path, "--quiet", "--steps", "5").code == 0
    assert only_run().name.startswith("mine-")
    assert "is there already" in refused("presets", "copy", "iris", str(path))


FILES_OF_DATA = {
    "table.csv": "a,b,kind\n" + "".join(f"{i % 9},{i % 4 or 'NA'},{'xy'[i % 2]}\n" for i in range(60)),
    "numbers.tsv": "a\tb\n" + "".join(f"{i}\t{i / 7:.3f}\n" for i in range(60)),
    "stars.csv": "userId,movieId,rating,timestamp\n"
    + "".join(f"{i % 9},{i % 7},{i % 5},1\n" for i in range(90)),
}


@pytest.mark.parametrize("name", FILES_OF_DATA)
def test_a_file_of_data_is_trained_with_an_experiment_that_suits_it(tmp_path, name):
    path = tmp_path / name
    path.write_text(FILES_OF_DATA[name])
    outcome = lab("train", path, "--steps", 3, "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.lines[-1]["reason"] == "done"
    assert only_run().name.startswith(path.stem)
    metric = {"table": "accuracy", "numbers": "r2", "stars": "rmse_biases"}[path.stem]
    assert metric in outcome.lines[-1]["test"]


def test_augmentation_is_set_on_the_command_line_by_names_or_tables():
    for steps in ('augment=["noise"]', 'augment=[{step="noise"}]'):
        lines = lab(
            "train", "iris", "--json", "--steps", "5", "--set", steps, "--set", "augment.0.std=0.3"
        ).lines
        assert lines[0]["experiment"]["augment"] == [{"step": "noise", "std": 0.3}]
    assert "augment.0 (flip): needs images" in refused("train", "iris", "--set", "augment=['flip']")


def test_a_finished_run_goes_on_only_when_told_how_far():
    lab("train", "iris", "--quiet", "--steps", "50", "--name", "r")
    assert "has come to its end; give it more steps (tui-lab resume r --more N" in refused("resume", "r")
    for length in (
        ("--steps", "10"),
        ("--steps", "50"),
        ("--epochs", "1"),
        ("--steps", "10", "--minutes", "1"),
    ):
        assert "r has 50 steps already; --steps and --epochs count from the beginning" in refused(
            "resume", "r", *length
        )
    outcome = lab("resume", "last", "--steps", "80", "--json")
    assert outcome.lines[0]["step"] == 50
    assert outcome.lines[-1]["steps"] == 80
    assert lab("resume", "last", "--more", "5", "--json").lines[-1]["steps"] == 85
    assert [line["step"] for line in only_run().metrics()][-1] == 85
    assert "--steps and --more cannot both be given" in refused("resume", "r", "--steps", "90", "--more", "5")


def test_resume_takes_changes_that_a_run_bears_and_refuses_others():
    lab("train", "iris", "--quiet", "--steps", "50", "--name", "r")
    outcome = lab(
        "resume", "r", "--more", "50", "--set", "optimizer.lr=0.003", "--set", "optimizer.name=sgd", "--json"
    )
    (edit,) = [line for line in outcome.lines if line["event"] == "edit"]
    assert edit["author"] == "command line"
    assert only_run().experiment().optimizer == Sgd(lr=0.003, weight_decay=0.1)
    assert "model.0.units cannot change while the network learns" in refused(
        "resume", "r", "--more", "5", "--set", "model.0.units=3"
    )
    assert "expected KEY=VALUE" in refused("resume", "r", "--set", "nonsense")


def test_a_longer_run_says_that_its_learning_rate_goes_up():
    lab("train", "iris", "--quiet", "--steps", "100", "--set", "schedule.name=cosine", "--name", "r")
    warning = "the learning rate goes up from"
    assert warning in lab("resume", "r", "--steps", "300").out


def test_resume_finds_data_that_was_moved(tmp_path):
    rows = "".join(f"{i},{i % 7},{2 * i}\n" for i in range(60))
    (tmp_path / "old.csv").write_text("a,b,y\n" + rows)
    lab("train", tmp_path / "old.csv", "--quiet", "--steps", "20", "--name", "r")
    (tmp_path / "old.csv").rename(tmp_path / "new.csv")
    assert "there is no such file" in refused("resume", "r", "--more", "5")
    assert (
        lab("resume", "r", "--more", "5", "--data", tmp_path / "new.csv", "--json").lines[-1]["steps"] == 25
    )


def test_the_summary_names_what_can_be_typed_next(tmp_path):
    out = lab("train", "iris", "--steps", "5", "--name", "a b").out
    assert out.splitlines()[-1] == "next   tui-lab eval 'a b'  tui-lab open 'a b'"
    root = tmp_path / "elsewhere"
    out = lab("train", "iris", "--steps", "5", "--name", "r", "--runs", root).out
    assert f"tui-lab eval {root / 'r'}" in out.splitlines()[-1]


def test_a_directory_of_runs_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert "choose another --runs" in refused("train", "iris", "--runs", str(tmp_path / "file"))
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    assert "there is a run of that name" in refused("train", "iris", "--name", "r")


def test_a_run_in_training_is_not_trained_twice():
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    with only_run().lock():
        assert "is being trained by process" in lab("resume", "r", "--steps", "9").err
        assert "training" in lab("runs").out or "done" in lab("runs").out


def test_a_diverging_run_ends_with_one_and_says_first_nonfinite():
    changes = ["--set", "optimizer.name=sgd", "--set", "optimizer.lr=50"]
    outcome = lab("train", "linear-regression", "--json", *changes)
    assert outcome.code == 1
    assert outcome.lines[-1]["reason"] == "diverged"
    assert "the first tensor that went bad is" in outcome.err
    assert "the last good checkpoint is" in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["shakespeare-gpt", "--set", "model.0.vocabulary=5", "--set", "model.4.tied=false"],
            "model.0 (embedding): vocabulary = 5: the data has 63 tokens; leave it out or make it larger",
        ),
        (
            ["iris", "--set", 'model.0={ layer = "embedding", vocabulary = 9 }'],
            "model.0 (embedding): needs numbers of tokens, its input holds measurements; expected a text",
        ),
        (
            ["iris", "--set", 'model.1={ layer = "embedding", vocabulary = 9 }'],
            "model.1 (embedding): needs numbers of tokens, its input holds measurements; expected a text",
        ),
    ],
)
def test_an_embedding_that_its_input_does_not_fit_is_refused_before_anything_runs(arguments, message):
    assert refused("train", *arguments).endswith(message)


def test_an_old_name_in_a_file_is_noted_in_one_line_and_still_works(tmp_path):
    text = (
        '[data]\nsource = "digits"\n[[augment]]\nstep = "cut_out"\nsize = 2\n'
        '[[model]]\nlayer = "flatten"\n[[model]]\nlayer = "dense"\n'
        '[loss]\nname = "cross_entropy"\n[training]\nsteps = 2\n'
    )
    (tmp_path / "old.toml").write_text(text)
    outcome = lab("train", tmp_path / "old.toml", "--quiet")
    assert outcome.code == 0
    notes = [line for line in outcome.err.splitlines() if "cut_out" in line]
    assert notes == ["tui-lab: note: augment.0: 'cut_out' is called 'cutout' now; the old name still works"]
    assert "cutout" in (only_run().path / "experiment.toml").read_text()


def test_what_was_decided_about_a_table_is_told_and_can_be_decided_otherwise(tmp_path):
    path = tmp_path / "a.csv"
    rows = (f"{i % 9}.5,P{i:03},{('red', 'blue')[i % 2]},n{i}\n" for i in range(60))
    path.write_text("price,id,color,name\n" + "".join(rows))
    arguments = ("train", path, "--target", "price", "--ignore", "name", "--steps", 2)
    told = lab(*arguments, "--name", "a")
    assert (told.code, told.err) == (0, "")
    assert "note: id: text with 60 different values in 60 rows; left out" in told.out
    assert "name:" not in told.out
    quiet = lab(*arguments, "--json", "--name", "b")
    assert quiet.lines[0]["event"] == "start", "notes are no JSON"
    kinds = lab(*arguments, "--task", "classification", "--name", "c").out
    assert "accuracy" in kinds
