"""runs: listed, shown, compared, removed; whatever their files hold."""

import os
from pathlib import Path

import pytest

from engine.runs import RunDirectory
from helpers.command_line import lab, refused


def runs() -> Path:
    return Path(os.environ["TUI_LAB_RUNS"])


@pytest.fixture
def two():
    lab("train", "iris", "--steps", "10", "--quiet", "--name", "a")
    lab("train", "iris", "--steps", "20", "--set", "optimizer.lr=0.5", "--quiet", "--name", "b")


def test_a_list_as_json_is_one_object_a_run(two):
    for arguments in (("runs", "--json"), ("runs", "list", "--json")):
        lines = lab(*arguments).lines
        assert [line["run"] for line in lines] == ["a", "b"]
        assert [line["step"] for line in lines] == [10, 20]
        assert lines[0]["ended"] == "done"
        assert lines[0]["test"]["accuracy"] <= 1


@pytest.mark.parametrize(
    "content",
    [
        '{"step": "ten", "best": [1], "test": {"loss": "low", "accuracy": null}, "reason": 5}',
        '{"step": null, "best": {"step": 1, "val_loss": {}}, "test": 3}',
        "[]", "", "not json", '{"test": {"accuracy": true}}', '"text"', "\x00",
    ],
)  # fmt: skip
def test_one_odd_summary_does_not_hide_the_others(two, content):
    (runs() / "a" / "summary.json").write_text(content)
    for arguments in (("runs",), ("runs", "--json"), ("runs", "show", "a"), ("runs", "compare", "a", "b")):
        outcome = lab(*arguments)
        assert outcome.code == 0, outcome.err
        assert outcome.err == ""
    assert "b" in [line.split()[0] for line in lab("runs").out.splitlines()]


def test_odd_lines_of_events_are_shown_as_they_are(two):
    with open(runs() / "a" / "events.jsonl", "a", encoding="utf-8") as file:
        file.write('{"event": "start", "step": 3}\n{"event": "end", "step": "x", "time": 5}\n')
    outcome = lab("runs", "show", "a")
    assert outcome.code == 0
    assert '{"event": "start", "step": 3}' in outcome.out


def test_nothing_is_cut_in_a_pipe():
    long = "a" * 200
    lab("train", "iris", "--steps", "2", "--quiet", "--name", long)
    assert long in lab("runs").out


def test_runs_are_compared_by_what_differs_and_what_came_of_it(two):
    lines = {
        line.split()[0]: line.split()[1:] for line in lab("runs", "compare", "a", "b").out.splitlines()[1:]
    }
    assert lines["optimizer.lr"] == ["0.01", "0.5"]
    assert lines["training.steps"] == ["10", "20"]
    assert "data.source" not in lines
    found = lab("runs", "compare", "a", "b", "--json").lines
    assert [run["fields"]["optimizer.lr"] for run in found] == [0.01, 0.5]
    assert lab("runs", "compare", "a", "a").code == 2


def test_layers_that_one_run_has_more_are_told(two):
    lab("train", "spiral", "--steps", "2", "--quiet", "--name", "c")
    out = lab("runs", "compare", "a", "c").out
    assert "–" in out
    assert "data.source" in out


def test_runs_are_removed_after_asking(two, monkeypatch):
    assert "--yes" in refused("runs", "rm", "a")
    assert (runs() / "a").is_dir()
    outcome = lab("runs", "rm", "a", "--yes")
    assert (outcome.code, outcome.out.startswith("removed")) == (0, True)
    assert [line["run"] for line in lab("runs", "--json").lines] == ["b"]
    assert "did you mean 'b'" in refused("runs", "rm", "bb", "--yes")


def test_a_run_that_is_trained_is_not_removed(two):
    with RunDirectory(runs() / "a").lock():
        assert "is being trained" in refused("runs", "rm", "a", "b", "--yes")
    assert (runs() / "b").is_dir()


def test_presets_as_json():
    for arguments in (("presets", "--json"), ("presets", "list", "--json")):
        lines = lab(*arguments).lines
        assert {"name", "topic", "title"} == set(lines[0])
        assert "spiral" in [line["name"] for line in lines]


def test_each_command_has_one_sentence_in_the_list_and_in_its_own_help():
    from tui_lab.cli.app import COMMANDS

    overview = " ".join(lab("--help").out.split())
    for name, (_, sentence) in COMMANDS.items():
        assert sentence in overview
        own = " ".join(lab(name, "--help").out.split())
        assert own.count(sentence) == 1
