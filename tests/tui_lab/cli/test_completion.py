"""What the shell completes, asked as the shells ask."""

import os
import subprocess
import sys

import pytest
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from helpers.command_line import lab
from tui_lab.cli.app import COMMANDS, cli


def completed(*words: str, incomplete: str = "") -> list[str]:
    found = ShellComplete(cli, {}, "tui-lab", "_TUI_LAB_COMPLETE").get_completions(list(words), incomplete)
    return [item.value if item.type == "plain" else f"<{item.type}>" for item in found]


def test_commands_and_subcommands_are_completed():
    assert set(completed()) >= set(COMMANDS)
    assert completed(incomplete="re") == ["resume", "reference"]
    assert set(completed("runs")) >= {"list", "show", "compare", "rm"}


def test_presets_are_completed_with_their_titles_and_files_where_none_fits():
    assert "spiral" in completed("train", incomplete="sp")
    assert completed("train", incomplete="data/") == ["<file>"]
    assert completed("presets", "show", incomplete="iri") == ["iris"]


def test_runs_are_completed_the_newest_first():
    assert completed("eval") == ["<file>"]
    for name in ("first", "second"):
        lab("train", "iris", "--steps", "2", "--quiet", "--name", name)
    for words in (["eval"], ["predict"], ["sample"], ["resume"], ["runs", "show"], ["runs", "rm", "first"]):
        assert completed(*words) == ["last", "second", "first"]
    assert completed("runs", "compare", incomplete="f") == ["first"]
    assert {"spiral", "second"} <= set(completed("open", incomplete="s"))


def test_keys_of_set_are_those_of_the_preset():
    keys = completed("train", "spiral", "--set", incomplete="")
    assert {
        "optimizer.lr=",
        "optimizer.name=",
        "model.0.units=",
        "training.steps=",
        "data.noise=",
        "schedule.name=",
    } <= set(keys)
    assert completed("train", "spiral", "--set", incomplete="optimizer.l") == ["optimizer.lr="]
    assert completed("train", "--set", incomplete="training.st") == ["training.steps="]
    assert completed("train", "nothing-of-that-name", "--set", incomplete="training.st") == [
        "training.steps="
    ]


def test_values_that_are_choices_are_completed():
    assert completed("train", "spiral", "--set", incomplete="optimizer.name=adam") == [
        "optimizer.name=adam", "optimizer.name=adamw",
    ]  # fmt: skip
    assert completed("train", "spiral", "--set", incomplete="training.precision=") == [
        "training.precision=float32", "training.precision=float64",
    ]  # fmt: skip
    assert completed("train", "spiral", "--set", incomplete="model.0.bias=t") == ["model.0.bias=true"]
    assert "model.0.activation=gelu" in completed(
        "train", "spiral", "--set", incomplete="model.0.activation="
    )
    assert completed("train", "spiral", "--set", incomplete="optimizer.lr=") == []


def test_keys_of_a_run_are_completed_for_resume():
    lab("train", "iris", "--steps", "2", "--quiet", "--name", "r")
    assert completed("resume", "r", "--set", incomplete="optimizer.lr") == ["optimizer.lr="]


def test_names_of_the_reference_are_completed():
    assert "layer_norm" in completed("reference", incomplete="layer")


def test_choices_of_options_are_completed():
    assert completed("eval", "last", "--split") == ["train", "val", "test"]


@pytest.mark.parametrize("shell", [BashComplete, ZshComplete, FishComplete], ids=["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell):
    source = shell(cli, {}, "tui-lab", "_TUI_LAB_COMPLETE").source()
    assert "_TUI_LAB_COMPLETE" in source


def test_the_program_answers_a_shell():
    environment = {
        **os.environ,
        "_TUI_LAB_COMPLETE": "bash_complete",
        "COMP_WORDS": "tui-lab train iri",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'tui-lab'; from tui_lab.__main__ import main; main()"],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert "plain,iris" in done.stdout.splitlines()
