"""What only a real process shows: signals, pipes, exit codes, what is imported."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.runs import RunDirectory
from helpers.waiting import PATIENCE, until

LAB = [sys.executable, "-m", "tui_lab"]
LONG = ("spiral", "--steps", "100000000", "--set", "training.evaluate_every=5000")


def start(*arguments: str, **options) -> subprocess.Popen:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A shell that starts the tests behind its back hands on that interrupts are ignored, nohup that hang-ups are.
    return subprocess.Popen([*LAB, *arguments], **(pipes | {"preexec_fn": heeding_signals} | options))


def heeding_signals() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def wait_for_steps(process: subprocess.Popen) -> None:
    """Read on until training has begun: with a cold cache, compiling is told first."""
    assert process.stdout
    while not process.stdout.readline().startswith("step"):
        assert process.poll() is None


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
    process = start("train", *LONG, "--name", "r")
    wait_for_steps(process)
    process.send_signal(number)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "tui-lab resume" in out + err
    assert "Traceback" not in out + err
    run = RunDirectory(Path(os.environ["TUI_LAB_RUNS"]) / "r")
    summary = run.summary()
    assert summary["reason"] == "interrupted"
    assert f"{summary['step']:09d}" in run.steps()[-1].name
    resumed = start("resume", "r", "--json", "--minutes", "0.01")
    out, _ = resumed.communicate(timeout=PATIENCE)
    assert json.loads(out.splitlines()[0])["step"] == summary["step"]


@pytest.mark.timing
def test_a_signal_ends_a_run_within_seconds():
    process = start("train", *LONG)
    wait_for_steps(process)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    process.communicate(timeout=PATIENCE)
    assert time.monotonic() - began < 5


def test_a_reader_that_leaves_ends_the_run_which_is_saved():
    process = start("train", *LONG, "--json", "--name", "r")
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=PATIENCE) in (1, 130)
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    run = RunDirectory(Path(os.environ["TUI_LAB_RUNS"]) / "r")
    assert run.summary()["reason"] == "interrupted"


@pytest.mark.parametrize("compiled", [0, 1, 5])
def test_a_signal_while_kernels_are_compiled_ends_cleanly_and_leaves_nothing_behind(tmp_path, compiled):
    cache = tmp_path / "cache"
    environment = os.environ | {"TUI_LAB_CACHE": str(cache)}
    process = start("train", *LONG, "--name", "r", env=environment)
    until(lambda: cache.exists() and len(list(cache.rglob("*.nbc"))) >= compiled)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in out + err
    assert "fault" not in out + err
    run = RunDirectory(Path(os.environ["TUI_LAB_RUNS"]) / "r")
    if run.path.exists():  # a quick machine has begun: then everything is saved
        assert run.summary()["reason"] == "interrupted"


def test_under_nohup_a_lost_link_does_not_end_the_run():
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    process = start("train", *LONG, preexec_fn=ignore)
    wait_for_steps(process)
    process.send_signal(signal.SIGHUP)
    for _ in range(3):  # it goes on
        wait_for_steps(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["presets"], ["train", "iris", "--steps", "5"]])
def test_a_full_disk_is_one_line(arguments):
    with open("/dev/full", "w") as full:
        process = start(*arguments, stdout=full)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (1, 130)
    assert err.count("\n") == 1
    assert "cannot be written: No space left on device" in err
