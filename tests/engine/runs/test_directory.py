"""The directory of a run: how it appears, who may write, what a torn file costs."""

import os
import subprocess
import sys

import pytest

from engine.edits import Change
from engine.errors import InputError, StorageError
from engine.events import EditEvent, RewindEvent, Start, WarningEvent
from engine.runs import RunDirectory
from engine.runs.files import append_lines
from helpers.training import small


def gone_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def edit(number: int, step: int, value: float) -> EditEvent:
    return EditEvent(step=step, number=number, changes=[Change("optimizer.lr", 0.1, value)])


def test_a_run_appears_with_its_experiment_and_names_are_taken_once(tmp_path):
    run = RunDirectory.create(tmp_path, "title", small(), "r")
    assert run.experiment() == small()
    assert [p.name for p in tmp_path.iterdir()] == ["r"]
    with pytest.raises(InputError, match="there is a run of that name"):
        RunDirectory.create(tmp_path, "title", small(), "r")
    for name in ("last", "..", "a/b", "", ".hidden"):
        with pytest.raises(InputError, match="expected the name of a directory"):
            RunDirectory.create(tmp_path, "title", small(), name)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is not a directory"):
        RunDirectory.create(tmp_path, "title", small(), "file")
    with pytest.raises(InputError, match="is not a directory; choose another --runs"):
        RunDirectory.create(tmp_path / "file", "title", small())


def test_runs_of_one_second_get_names_of_their_own(tmp_path):
    found = [RunDirectory.create(tmp_path, "t", small()) for _ in range(4)]
    assert len({run.name for run in found}) == 4


def test_an_empty_directory_of_a_name_can_be_used(tmp_path):
    (tmp_path / "r").mkdir()
    assert RunDirectory.create(tmp_path, "title", small(), "r").experiment() == small()


def test_what_a_killed_process_left_unfinished_is_removed_and_what_a_living_one_writes_stays(tmp_path):
    dead = gone_process()
    (tmp_path / f".r.{dead}.tmp" / "checkpoints").mkdir(parents=True)
    run = RunDirectory.create(tmp_path, "title", small(), "r")
    (run.checkpoints / f".step-1.safetensors.{dead}.tmp").write_text("half")
    living = run.path / f".summary.json.{os.getppid()}.tmp"
    living.write_text("half")
    with run.lock():
        assert list(run.checkpoints.iterdir()) == []
        assert living.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_runs_are_listed_by_when_they_began_not_by_what_was_written_last(tmp_path):
    for name, when in (("a", 300.0), ("b", 100.0), ("c", 200.0)):
        run = RunDirectory.create(tmp_path, "title", small(), name)
        run.record([(Start(step=0, run=name, experiment={}, parameters=1), when)])
    RunDirectory(tmp_path / "b").write_experiment(small(steps=7))
    assert [run.name for run in RunDirectory.all(tmp_path)] == ["b", "c", "a"]
    assert RunDirectory.find("last", tmp_path).name == "a"
    with pytest.raises(InputError, match="did you mean"):
        RunDirectory.find("aa", tmp_path)


def test_a_torn_last_line_costs_that_line_alone(tmp_path):
    path = tmp_path / "events.jsonl"
    run = RunDirectory(tmp_path)
    append_lines(path, b'{"event": "start", "step": 1}\n{"event": "warn')
    assert len(run.events()) == 1
    run.record([(WarningEvent(step=5, message="m"), 1.0)])
    assert [e["step"] for e in run.events()] == [1, 5]


def test_a_full_disk_leaves_no_part_of_a_line(tmp_path, monkeypatch):
    path = tmp_path / "events.jsonl"
    append_lines(path, b"first\n")

    class Full:
        """A file whose disk is full in the middle of a line."""

        def __init__(self, file):
            self.file = file

        def write(self, content):
            self.file.write(content[:3])
            self.file.flush()
            raise OSError(28, "No space left on device")

        def __getattr__(self, name):
            return getattr(self.file, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

    real = open
    monkeypatch.setattr("engine.runs.files.open", lambda *a: Full(real(*a)), raising=False)
    with pytest.raises(StorageError, match=r"events.jsonl: no space left on device"):
        append_lines(path, b"second\n")
    assert path.read_bytes() == b"first\n"


def test_edits_of_lost_steps_give_way_to_later_ones(tmp_path):
    run = RunDirectory(tmp_path)
    run.record([(e, 0.0) for e in (edit(1, 10, 1.0), edit(2, 20, 2.0), edit(3, 30, 3.0))])
    assert [e.number for e in run.edits()] == [1, 2, 3]
    run.record([(edit(2, 15, 9.0), 0.0)])
    assert [(e.number, e.changes[0].new) for e in run.edits()] == [(1, 1.0), (2, 9.0)]
    run.record([(RewindEvent(step=5, edits=0), 0.0)])
    assert run.edits() == []


def test_measurements_after_a_step_are_dropped_only_where_there_are_any(tmp_path):
    run = RunDirectory(tmp_path)
    path = tmp_path / "metrics.jsonl"
    append_lines(path, b'{"event":"log","step":10}\n{"event":"log","step":20}\n')
    when = path.stat().st_mtime_ns
    run.truncate_after(20)
    assert path.stat().st_mtime_ns == when
    run.truncate_after(15)
    assert [line["step"] for line in run.metrics()] == [10]


def test_who_only_looks_whether_a_run_is_trained_does_not_keep_others_from_it(tmp_path):
    run = RunDirectory.create(tmp_path, "title", small(), "r")
    with run.lock():
        assert run.is_training()
    assert not run.is_training()


def test_a_summary_that_is_none_is_none(tmp_path):
    for content in ("[1, 2]", "{", '"text"', ""):
        (tmp_path / "summary.json").write_text(content)
        assert RunDirectory(tmp_path).summary() is None
