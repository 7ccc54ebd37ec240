"""What only a real process shows: signals, pipes, exit codes, what is imported."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.run import Run

LAB = [sys.executable, "-m", "tui_lab"]


def start(*arguments: str, **options) -> subprocess.Popen:
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.Popen([*LAB, *arguments], **options)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['tui-lab', '--help']\n"
        "import tui_lab.__main__ as entry\n"
        "try: entry.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'numba', 'rich', 'textual', 'msgspec', 'engine.trainer'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"
    assert "train" in result.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_a_checkpoint_says_how_to_go_on_and_exits_with_130(number):
    process = start("train", "spiral", "--steps", "100000000", "--name", "r")
    assert process.stdout
    process.stdout.readline()
    process.stdout.readline()
    process.send_signal(number)
    process.send_signal(number)
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - began < 5
    assert "tui-lab resume" in out + err
    assert "Traceback" not in out + err
    run = Run(Path(os.environ["TUI_LAB_RUNS"]) / "r")
    summary = run.summary()
    assert summary["reason"] == "interrupted"
    assert f"{summary['step']:09d}" in run.steps()[-1].name
    resumed = start("resume", "r", "--json", "--minutes", "0.01")
    out, _ = resumed.communicate(timeout=60)
    assert json.loads(out.splitlines()[0])["step"] == summary["step"]


def test_a_reader_that_leaves_ends_the_run_which_is_saved():
    process = start("train", "spiral", "--steps", "100000000", "--json", "--name", "r")
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=30) in (1, 130)
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    run = Run(Path(os.environ["TUI_LAB_RUNS"]) / "r")
    assert run.summary()["reason"] == "interrupted"
