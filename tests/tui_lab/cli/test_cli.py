"""The command line from end to end, in this process; tests/tui_lab/cli/test_process.py has what needs a real one."""

import csv
import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest

import tui_lab.__main__ as entry
from engine.run import Run
from tui_lab.cli.app import cli

HUGE = "model=[{layer='dense',units=1000000},{layer='dense',units=1000000},{layer='dense'}]"


class Outcome:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines()]


def lab(*arguments: object) -> Outcome:
    """Run the command line as `main` does, without leaving the process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.argv", ["tui-lab", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit:
            entry.main()
    return Outcome(exit.value.code, out.getvalue(), err.getvalue())


def only_run() -> Run:
    (run,) = Run.all(Path(os.environ["TUI_LAB_RUNS"]))
    return run


def refused(*arguments: str) -> str:
    """The one line with which a bad input is refused; nothing may be left behind."""
    runs = Path(os.environ["TUI_LAB_RUNS"])
    before = sorted(runs.glob("*")) if runs.is_dir() else []
    outcome = lab(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    assert (sorted(runs.glob("*")) if runs.is_dir() else []) == before
    return outcome.err.strip().splitlines()[-1]


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


def test_a_finished_run_goes_on_only_when_told_how_far():
    lab("train", "iris", "--quiet", "--steps", "50", "--name", "r")
    assert "has ended; to train it further: tui-lab resume r --steps N" in refused("resume", "r")
    outcome = lab("resume", "last", "--steps", "80", "--json")
    assert outcome.lines[0]["step"] == 50
    assert outcome.lines[-1]["steps"] == 80
    assert [line["step"] for line in only_run().metrics()][-1] == 80


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


def test_predict_names_classes_and_probabilities(tmp_path):
    lab("train", "iris", "--quiet", "--steps", "300", "--name", "r")
    rows = tmp_path / "new.csv"
    rows.write_text("petal_width,petal_length,sepal_width,sepal_length\n0.2,1.4,3.5,5.1\n2.3,5.9,3.0,7.1\n")
    answer = list(csv.DictReader(lab("predict", "r", "--input", rows).out.splitlines()))
    assert [row["species"] for row in answer] == ["setosa", "virginica"]
    for row in answer:
        assert sum(
            float(row[f"p({name})"]) for name in ("setosa", "versicolor", "virginica")
        ) == pytest.approx(1, abs=3e-6)  # six decimals each
    out = tmp_path / "out.csv"
    assert lab("predict", "r", "--input", rows, "--output", out).out == ""
    assert out.read_text().startswith("species,p(setosa)")


def test_predict_gives_numbers_in_the_targets_own_units(tmp_path):
    lab("train", "diabetes", "--quiet", "--name", "r")
    from engine.data.bundled import FOLDER
    from engine.data.tables import read_table

    table = read_table(str(FOLDER / "diabetes.csv.gz"))
    path = tmp_path / "new.csv"
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([table.names, *table.rows])
    answer = lab("predict", "r", "--input", path).out.splitlines()
    values = np.array(answer[1:], float)
    truth = np.array(table.column("progression"), float)
    assert answer[0] == "progression"
    assert np.corrcoef(values, truth)[0, 1] > 0.6
    assert 100 < values.mean() < 200


def test_predict_goes_on_with_a_series(tmp_path):
    """Every value lies 36 above that of a year before it, and so must what follows."""
    path = tmp_path / "grown.csv"
    path.write_text("month,height\n" + "".join(f"{i},{3 * i + i % 2}\n" for i in range(200)))
    data = f"data={{source='series',path='{path}',context=12,horizon=2,difference=12}}"
    lab("train", "sunspots-lstm", "--set", data, "--steps", "2", "--quiet", "--name", "r")
    new = tmp_path / "new.csv"
    new.write_text("height\n" + "".join(f"{3 * i + i % 2}\n" for i in range(100, 130)))
    header, answer = lab("predict", "r", "--input", new).out.splitlines()
    assert header == "height+1,height+2"
    np.testing.assert_allclose(np.array(answer.split(","), float), [3 * 130, 3 * 131 + 1], atol=3)
    new.write_text("height\n1\n2\n")
    assert "has 2 values, the run looks at context = 12" in refused("predict", "r", "--input", str(new))


def test_predict_takes_images_from_an_archive(tmp_path):
    from sklearn.datasets import load_digits

    lab("train", "digits-mlp", "--quiet", "--epochs", "20", "--name", "r")
    images = load_digits().images[:50]
    np.savez(tmp_path / "new.npz", x=images)
    answer = list(csv.DictReader(lab("predict", "r", "--input", tmp_path / "new.npz").out.splitlines()))
    assert (
        np.mean([int(row["digit"]) == t for row, t in zip(answer, load_digits().target, strict=False)]) > 0.9
    )
    np.savez(tmp_path / "other.npz", x=images[:, :7])
    assert "the run was trained on (8, 8, 1)" in refused(
        "predict", "r", "--input", str(tmp_path / "other.npz")
    )


def test_predict_takes_a_picture_or_a_folder_of_pictures_and_names_them(tmp_path):
    from PIL import Image
    from sklearn.datasets import load_digits

    lab("train", "digits-mlp", "--quiet", "--epochs", "20", "--name", "r")
    truth = load_digits().target[:20]
    for i, image in enumerate(load_digits().images[:20]):
        Image.fromarray((image * 255 / 16).round().astype(np.uint8)).save(tmp_path / f"{i:02}.png")
    answer = list(csv.DictReader(lab("predict", "r", "--input", tmp_path).out.splitlines()))
    assert [row["file"] for row in answer] == [f"{i:02}.png" for i in range(20)]
    assert np.mean([int(row["digit"]) == t for row, t in zip(answer, truth, strict=True)]) > 0.8
    assert lab("predict", "r", "--input", tmp_path / "03.png").out.splitlines()[1].startswith("03.png,")
    Image.fromarray(np.zeros((9, 8), np.uint8)).save(tmp_path / "04.png")
    assert "is 9 × 8 pixels" in refused("predict", "r", "--input", str(tmp_path / "04.png"))


def test_augmentation_is_set_on_the_command_line_by_names_or_tables():
    for steps in ('augment=["noise"]', 'augment=[{step="noise"}]'):
        lines = lab(
            "train", "iris", "--json", "--steps", "5", "--set", steps, "--set", "augment.0.std=0.3"
        ).lines
        assert lines[0]["experiment"]["augment"] == [{"step": "noise", "std": 0.3}]
    assert "augment.0 (flip): needs images" in refused("train", "iris", "--set", "augment=['flip']")


def test_lists_and_shows_tell_what_there_is():
    assert "spiral" in lab("presets").out
    assert lab("presets", "list").out == lab("presets").out
    shown = lab("presets", "show", "spiral").out
    for word in ("Two spirals", "dense1", "354 parameters", "to try", "expect accuracy 0.95"):
        assert word in shown
    assert "digits" in lab("data").out
    assert "alcohol" in lab("data", "show", "wine").out
    assert "rules   last: rmse 19.4 (test rows)" in lab("data", "show", "sunspots").out
    assert "no runs in" in lab("runs").out
    lab("train", "iris", "--quiet", "--steps", "20", "--name", "r")
    assert "done" in lab("runs").out
    assert 'source = "iris"' in lab("runs", "show", "r").out


def test_doctor_tells_versions_and_the_terminal():
    text = lab("doctor").out
    for word in ("python", "numba", "processor", "workqueue", "openblas", "cache", "terminal"):
        assert word in text


def test_without_a_terminal_the_lab_names_the_way_without_a_screen():
    assert "the lab needs a terminal; without one: tui-lab train" in refused()
    assert "tui-lab train spiral" in refused("open", "spiral")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "spirl"], "no preset 'spirl'; did you mean 'spiral'?"),
        (["train", "absent.toml"], "absent.toml: there is no such file"),
        (["trian", "spiral"], "no command 'trian'; did you mean 'train'?"),
        (["train", "iris", "--set", "optimizer.lrr=1"], "iris: optimizer.lrr: unknown key; did you mean 'lr'?"),
        (["train", "iris", "--set", "optimizer.lr"], "expected KEY=VALUE"),
        (["train", "iris", "--steps", "3", "--epochs", "2"], "--steps and --epochs cannot both be given"),
        (["train", "iris", "--json", "--quiet"], "--json and --quiet cannot both be given"),
        (["train", "iris", "--steps", "-3"], "-3 is not in the range"),
        (["train", "iris", "--steps", "1" + "0" * 20], "is not in the range"),
        (["train", "iris", "--epochs", "1e300"], "is not in the range"),
        (["train", "iris", "--epochs", "nan"], "nan is not a number"),
        (["train", "iris", "--minutes", "nan"], "nan is not a number"),
        (["train", "iris", "--threads", "0"], "0 is not in the range"),
        (["train", "iris", "--name", "../elsewhere"], "--name '../elsewhere': expected the name of a directory"),
        (["train", "iris", "--name", "."], "--name '.': expected the name of a directory"),
        (["train", "iris", "--name", ""], "--name '': expected the name of a directory"),
        (["train", "iris", "--name", "last"], "and not 'last'"),
        (["train"], "Missing argument 'PRESET|FILE'; see tui-lab train --help"),
        (["train", "iris", "--stesp", "3"], "No such option"),
        (["train", "iris", "--set", "model.-1.units=3"], "'-1' is not a number from 0 to 1"),
        (["train", "iris", "--set", "optimizer.lr=[1]"], "optimizer.lr = [1]: expected a number, got a list"),
        (["train", "iris", "--set", "optimizer.lr=1e309"], "optimizer.lr = inf: expected a finite number"),
        (["train", "iris", "--set", "training=3", "--steps", "4"], "training = 3: expected a table"),
        (["train", "iris", "--set", "model.1.units=5"], "gives 5 outputs, the loss and the data need 3"),
        (["train", "iris", "--set", "loss.name=mse"], "loss.name = 'mse'"),
        (["train", "iris", "--set", "training.monitor=acuracy"], "did you mean 'accuracy'?"),
        (["train", "iris", "--set", "training.freeze=['dens1']"], "did you mean 'dense1'?"),
        (["train", "iris", "--set", "data.source=csv"], "data.path is missing"),
        (["train", "iris", "--set", HUGE], "too large for memory"),
        (["resume", "absent"], "no run 'absent'"),
        (["eval", "last"], "there are no runs"),
        (["data", "show", "wien"], "no data set 'wien'; did you mean 'wine'?"),
        (["data", "show", "csv"], "no data set 'csv'; known: "),
        (["data", "show", "iris", "--seed", "-1"], "-1 is not in the range"),
        (["data", "show", "absent.csv"], "absent.csv: there is no such file"),
        (["presets", "show", "wien"], "no preset 'wien'; did you mean 'wine'?"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_one_clear_line(arguments, message):
    assert message in refused(*arguments)


def test_a_mistake_in_usage_is_one_line_too():
    outcome = lab("train", "iris", "--steps", "many")
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("tui-lab: Invalid value for '--steps'")
    assert outcome.err.endswith("see tui-lab train --help\n")


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


def test_files_that_others_wrote_into_a_run_do_not_spoil_the_list():
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "good")
    run = Path(os.environ["TUI_LAB_RUNS"]) / "r"
    with open(run / "metrics.jsonl", "a") as file:
        file.write('5\n{"no": "step"}\n{"half": ')
    for summary in ("", "[1, 2]", "not JSON", '{"best": 3, "test": [1]}'):
        (run / "summary.json").write_text(summary)
        outcome = lab("runs")
        assert outcome.code == 0
        assert "good" in outcome.out
        assert lab("runs", "show", "r").code == 0


def test_the_directory_of_runs_can_be_named_before_and_after_the_command(tmp_path):
    root = tmp_path / "elsewhere"
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r", "--runs", root)
    for arguments in (
        ("runs", "--runs", root),
        ("runs", "--runs", root, "list"),
        ("runs", "list", "--runs", root),
    ):
        assert "done" in lab(*arguments).out
    assert "iris" in lab("runs", "--runs", root, "show", "r").out


def test_the_summary_names_what_can_be_typed_next(tmp_path):
    out = lab("train", "iris", "--steps", "5", "--name", "a b").out
    assert out.splitlines()[-1] == "next   tui-lab eval 'a b'  tui-lab open 'a b'"
    root = tmp_path / "elsewhere"
    out = lab("train", "iris", "--steps", "5", "--name", "r", "--runs", root).out
    assert f"tui-lab eval {root / 'r'}" in out.splitlines()[-1]


def test_predict_refuses_other_columns(tmp_path):
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    rows = tmp_path / "new.csv"
    rows.write_text("petal_width,petal_lenght,sepal_width,sepal_length\n0.2,1.4,3.5,5.1\n")
    assert "columns are missing: 'petal_length'; not known: 'petal_lenght'" in refused(
        "predict", "r", "--input", str(rows)
    )


def test_a_directory_of_runs_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert "choose another --runs" in refused("train", "iris", "--runs", str(tmp_path / "file"))
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    assert "there is a run of that name" in refused("train", "iris", "--name", "r")


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


def test_a_run_in_training_is_not_trained_twice():
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    with only_run().lock():
        assert "is being trained by process" in lab("resume", "r", "--steps", "9").err
        assert "training" in lab("runs").out or "done" in lab("runs").out


def test_a_diverging_run_ends_with_one_and_says_what_went_bad():
    changes = ["--set", "optimizer.name=sgd", "--set", "optimizer.lr=50"]
    outcome = lab("train", "linear-regression", "--json", *changes)
    assert outcome.code == 1
    assert outcome.lines[-1]["reason"] == "diverged"
    assert "the first tensor that went bad is" in outcome.err
    assert "the last good checkpoint is" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_fault_of_our_own_is_one_line_and_a_file_with_the_traceback(monkeypatch):
    def broken() -> list[str]:
        raise RuntimeError("oh no")

    monkeypatch.setattr("presets.names", broken)
    outcome = lab("presets")
    assert outcome.code == 1
    assert outcome.err.startswith("tui-lab: this is a fault in tui-lab")
    assert outcome.err.count("\n") == 1
    assert "tui-lab doctor" in outcome.err
    path = outcome.err.split()[-1]
    assert "RuntimeError: oh no" in Path(path).read_text()
    Path(path).unlink()


def test_every_command_has_help():
    for name in cli.list_commands(None):  # type: ignore[arg-type]
        outcome = lab(name, "--help")
        assert outcome.code == 0
        assert outcome.out.startswith("Usage:")
