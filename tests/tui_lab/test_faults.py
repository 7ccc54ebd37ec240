"""Names that are no text, streams that are closed, and faults of ours: one line, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui_lab import faults
from tui_lab.streams import name_problem

TABLE = "a,b,class\n" + "".join(f"{i % 7},{i % 5},{'yes' if i % 3 else 'no'}\n" for i in range(60))


def program(*arguments: object, redirect: str = "", **environment: str) -> subprocess.CompletedProcess:
    """Run tui-lab as a shell does, with streams redirected or closed."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, "-m", "tui_lab", *arguments],
        capture_output=True, timeout=120, env={**os.environ, **environment},
    )  # fmt: skip


def one_line(done: subprocess.CompletedProcess) -> str:
    text = done.stderr.decode("utf-8")
    assert "Traceback" not in text
    assert len(text.splitlines()) == 1
    return text.strip()


def test_a_path_that_is_not_utf8_is_refused_in_one_line(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.csv")
    Path(os.fsdecode(path)).write_text(TABLE)
    done = program("train", path, "--epochs", "1")
    assert done.returncode == 2
    assert one_line(done).endswith(r"caf\xe9.csv: the name is not UTF-8; rename it")
    assert not (tmp_path / "runs").exists()


def test_a_directory_of_runs_that_is_not_utf8_is_refused(tmp_path):
    runs = os.fsdecode(os.path.join(os.fsencode(tmp_path), b"r\xe9"))
    done = program("train", "iris", "--epochs", "1", "--quiet", TUI_LAB_RUNS=runs)
    assert done.returncode == 2
    assert r"r\xe9" in one_line(done)


def test_an_ascii_locale_is_told_apart_from_a_damaged_name():
    text = "café.csv".encode().decode("ascii", "surrogateescape")
    assert name_problem(text) == "café.csv: this locale cannot read the name; set PYTHONUTF8=1"
    assert name_problem("café.csv") is None


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}],
    ids=["ascii output", "ascii locale"],
)
def test_class_names_that_the_output_cannot_encode_are_escaped(tmp_path, environment):
    (tmp_path / "t.csv").write_text(TABLE.replace("yes", "été"), encoding="utf-8")
    (tmp_path / "new.csv").write_text("a,b\n1,2\n")
    runs = str(tmp_path / "runs")
    trained = program(
        "train", tmp_path / "t.csv", "--name", "t", "--epochs", "1", "--quiet", TUI_LAB_RUNS=runs
    )
    assert trained.returncode == 0
    for arguments in (["predict", "t", "--input", tmp_path / "new.csv"], ["eval", "t"]):
        done = program(*arguments, TUI_LAB_RUNS=runs, **environment)
        assert done.returncode == 0
        assert rb"\xe9t\xe9" in done.stdout
        assert done.stderr == b""


@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&-", ">&- 2>&-"])
def test_closed_streams_end_no_command_in_a_traceback(tmp_path, redirect):
    runs = str(tmp_path / "runs")
    done = program("train", "iris", "--steps", "50", redirect=redirect, TUI_LAB_RUNS=runs)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    (run,) = (tmp_path / "runs").iterdir()
    assert (run / "summary.json").exists()
    assert not (run / "lock").read_text().count("train")  # nothing printed went into a file


def test_a_full_disk_behind_the_output_is_one_line():
    done = program("presets", redirect="> /dev/full")
    assert done.returncode == 1
    assert one_line(done) == "tui-lab: the output: cannot be written: No space left on device"


def test_a_fault_is_kept_in_a_file_whatever_its_text_holds(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["tui-lab", "caf\udce9.csv"])
    told = faults.describe(ValueError("bad \udce9"))
    (log,) = tmp_path.iterdir()
    assert str(log) in told
    assert r"caf\udce9.csv" in log.read_text(encoding="utf-8")


def test_a_fault_that_cannot_be_kept_says_where_it_came_from(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    try:
        raise ValueError("bad")
    except ValueError as error:
        told = faults.describe(error)
    assert "ValueError: bad" in told
    assert "test_faults.py" in told
