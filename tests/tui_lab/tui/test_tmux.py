"""The lab in tmux, as a person sees it: what stands on the screen after keys, resizes and signals."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest

from engine.runs import RunDirectory
from helpers.waiting import PATIENCE, until

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Tmux:
    """A server of its own, with one window in which the lab runs."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (80, 24), **environment: str) -> None:
        self.socket = f"lab-{uuid.uuid4().hex[:12]}"
        environment = {"COLORTERM": "truecolor", **environment}
        set_up = " ".join(f"{name}={value}" for name, value in environment.items())
        command = (
            f"{set_up} {sys.executable} -m tui_lab {' '.join(arguments)}; echo exit code $?; exec sleep 600"
        )
        columns, rows = map(str, size)
        self("-f", os.devnull, "new-session", "-d", "-x", columns, "-y", rows, command)
        self("set", "-g", "status", "off")

    def __call__(self, *command: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, *command], capture_output=True, text=True, check=True
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        self("send-keys", *keys)

    def resize(self, columns: int, rows: int) -> None:
        self("resize-window", "-x", str(columns), "-y", str(rows))

    @property
    def screen(self) -> str:
        return self("capture-pane", "-p")

    @property
    def colors(self) -> str:
        """The screen with its escape codes."""
        return self("capture-pane", "-p", "-e")

    def wait_for(self, *texts: str) -> str:
        """The screen once all texts stand on it."""
        end = time.monotonic() + PATIENCE
        while not all(text in (screen := self.screen) for text in texts):
            assert time.monotonic() < end, f"waited for {texts} in vain:\n{screen}"
            time.sleep(0.05)
        return screen

    @property
    def lab(self) -> psutil.Process:
        shell = psutil.Process(int(self("display-message", "-p", "#{pane_pid}")))
        return next(p for p in shell.children() if "tui_lab" in p.cmdline())

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def tmux():
    opened = []

    def open_lab(*arguments, **options) -> Tmux:
        opened.append(Tmux(*arguments, **options))
        return opened[-1]

    yield open_lab
    for each in opened:
        each.close()


def runs() -> list[RunDirectory]:
    return RunDirectory.all(Path(os.environ["TUI_LAB_RUNS"]))


def training(tmux, *options: str, **more) -> Tmux:
    """The lab on the spiral, at a pace at which it lasts."""
    lab = tmux("open", "spiral", "--pace", "300", *options, **more)
    lab.wait_for("press space to train")
    lab.press("Space")
    lab.wait_for("● training")
    return lab


def test_a_sitting(tmux):
    lab = training(tmux)
    lab.press("e")
    lab.wait_for("hyperparameters")
    lab.press("Down", "Right")
    lab.wait_for("optimizer.lr: 0.01 → 0.0125")
    lab.press("Escape")
    lab.wait_for("1 Overview  2 Curves")
    lab.press("C-z")
    lab.wait_for("paused", "ctrl+z")
    lab.resize(50, 15)
    lab.wait_for("tui-lab needs 60 × 16 cells")
    lab.resize(120, 40)
    assert "LAYERS" in lab.wait_for("OPTIMIZER", "GRADIENT NORM")
    lab.press("f", "Space")
    lab.wait_for("done")
    lab.press("q")
    lab.wait_for("exit code 0")
    (run,) = runs()
    assert run.summary()["reason"] == "done"
    assert [e.changes[0].field for e in run.edits()] == ["optimizer.lr"]


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"TERM": "linux", "COLORTERM": ""}], ids=["NO_COLOR", "TERM=linux"]
)
def test_plain_terminals_show_the_lab_and_quit_leaves_them_clean(tmux, environment):
    lab = training(tmux, **environment)
    lab.wait_for("WHAT IT SEES", "accuracy 0.")
    colored, screen = lab.colors, lab.screen
    if "NO_COLOR" in environment:
        hues = re.findall(r"[34]8;2;(\d+);(\d+);(\d+)", colored)
        assert all(red == green == blue for red, green, blue in hues)
    else:
        assert "8;2;" not in colored
        assert not any("⠀" < c <= "⣿" for c in screen), "the console of Linux has no braille"
    lab.press("q")
    screen = lab.wait_for("exit code 0")
    assert "training" not in screen, "the alternate screen was not left"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_leaves_a_checkpoint_and_a_clean_terminal(tmux, number):
    lab = training(tmux)
    lab.lab.send_signal(number)
    until(lambda: runs()[0].summary() is not None)
    assert "training" not in lab.wait_for("exit code 130")
    assert runs()[0].steps()


def test_a_closed_link_leaves_a_checkpoint_and_no_process(tmux):
    lab = training(tmux)
    process = lab.lab
    lab("kill-server")
    until(lambda: runs()[0].summary() is not None)
    until(lambda: not process.is_running())


@pytest.mark.timing
def test_a_closed_link_is_noticed_within_seconds(tmux):
    lab = training(tmux)
    process = lab.lab
    lab("kill-server")
    assert until(lambda: runs()[0].summary() is not None) < 2
    assert until(lambda: not process.is_running()) < 5


def test_a_terminal_that_stands_still_does_not_slow_training(tmux):
    lab = tmux("open", "spiral", "--pace", "0", "--fps", "30")
    lab.wait_for("press space to train")
    server = psutil.Process(int(lab("display-message", "-p", "#{pid}")))
    lab.press("Space")
    server.suspend()  # nobody reads any more
    try:
        until(lambda: runs() and runs()[0].summary() is not None)
    finally:
        server.resume()
    assert runs()[0].summary()["reason"] == "done"
    lab.wait_for("done")
