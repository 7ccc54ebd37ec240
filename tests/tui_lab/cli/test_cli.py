"""Lists, shows and refusals: one clear line and the exit code 2 for whatever is wrong."""

import os
from pathlib import Path

import pytest

from helpers.command_line import lab, refused
from tui_lab.cli.app import cli

HUGE = "model=[{layer='dense',units=1000000},{layer='dense',units=1000000},{layer='dense'}]"


def test_lists_and_shows_tell_what_there_is():
    assert "spiral" in lab("presets").out
    assert lab("presets", "list").out == lab("presets").out
    shown = lab("presets", "show", "spiral").out
    for word in (
        "Two spirals",
        "dense1",
        "354 parameters",
        "to try",
        "expect accuracy 0.9964 ± 0.004 on the test rows",
    ):
        assert word in shown
    assert "digits" in lab("data").out
    assert "alcohol" in lab("data", "show", "wine").out
    assert "last: rmse 19.4 (test rows)" in lab("data", "show", "sunspots").out
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
