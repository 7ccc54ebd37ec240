"""What tests of the command line share: running it in this process, and what a refusal is."""

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import tui_lab.__main__ as entry
from engine.runs import RunDirectory


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


def only_run() -> RunDirectory:
    (run,) = RunDirectory.all(Path(os.environ["TUI_LAB_RUNS"]))
    return run


def refused(*arguments: str) -> str:
    """The one line with which a bad input is refused; nothing may be left behind."""
    runs = Path(os.environ["TUI_LAB_RUNS"])
    before = sorted(runs.glob("*")) if runs.is_dir() else []
    with pytest.MonkeyPatch.context() as patch:  # a busy machine may have time to say that it is loading
        patch.setattr("tui_lab.cli.reporters.FIRST_WORD", 600.0)
        outcome = lab(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    assert (sorted(runs.glob("*")) if runs.is_dir() else []) == before
    return outcome.err.strip().splitlines()[-1]
