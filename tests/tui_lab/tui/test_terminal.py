"""The lab in a real pseudo-terminal: start and quit, signals, a stalled link, terminals of all kinds."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from engine.runs import RunDirectory
from helpers.waiting import PATIENCE, until

LEFT_ALTERNATE_SCREEN = b"\x1b[?1049l"


class Terminal:
    """A process on a pseudo-terminal."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (120, 40), **environment: str) -> None:
        self.master, slave = pty.openpty()
        self.resize(*size)
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui_lab", *arguments],
            stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.seen = b""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def read(self, seconds: float) -> None:
        """Take what comes for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.master], [], [], left)[0]:
                return
            try:
                chunk = os.read(self.master, 65536)
            except OSError:
                return
            if not chunk:
                return
            self.seen += chunk

    def wait_until_nobody_can_write(self) -> None:
        """Read nothing until the queue of output is full: what waits in it becomes no more."""
        waiting = 0
        while (more := self.unread()) == 0 or more > waiting:
            waiting = more
            time.sleep(0.5)

    def unread(self) -> int:
        return struct.unpack("i", fcntl.ioctl(self.master, termios.FIONREAD, b"\0" * 4))[0]

    def wait_for(self, text: str, seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while text.encode() not in self.seen:
            assert time.monotonic() < end, self.seen[-2000:].decode(errors="replace")
            assert self.process.poll() is None, self.seen[-2000:].decode(errors="replace")
            self.read(0.1)

    def end(self, seconds: float = PATIENCE) -> int:
        """Wait for the end, reading; the exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, "it does not end"
            self.read(0.05)
        self.read(0.2)
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal():
    opened = []

    def open_terminal(*arguments, **options) -> Terminal:
        opened.append(Terminal(*arguments, **options))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


def runs() -> list[RunDirectory]:
    return RunDirectory.all(Path(os.environ["TUI_LAB_RUNS"]))


def training(terminal, **options) -> Terminal:
    """The lab on a long training of the spiral."""
    lab = terminal("open", "spiral", **options)
    lab.wait_for("press space to train")
    lab.press("R")
    lab.read(0.2)
    lab.press(" ")
    lab.wait_for("training")
    return lab


def test_start_train_edit_and_quit_leave_a_run_and_a_clean_terminal(terminal):
    lab = terminal("open", "moons", "--pace", "0")
    lab.wait_for("press space to train")
    lab.press(" ")
    lab.wait_for("done")
    lab.press("q")
    assert lab.end() == 0
    assert LEFT_ALTERNATE_SCREEN in lab.seen
    (run,) = runs()
    assert run.summary()["reason"] == "done"


def test_the_list_of_presets_opens_and_quits(terminal):
    lab = terminal(size=(80, 24))
    lab.wait_for("linear-regression")
    lab.press("\x11")
    assert lab.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("stalled", [False, True])
def test_a_signal_saves_at_once_and_ends_even_where_nobody_reads(terminal, number, stalled):
    lab = terminal("open", "digits-mlp", "--pace", "300")
    lab.wait_for("press space to train")
    lab.press(" ")
    lab.wait_for("training")
    if stalled:
        lab.wait_until_nobody_can_write()
    seconds_to_the_end(lab, number, stalled)
    assert lab.process.returncode == 130
    assert runs()[0].steps()


def seconds_to_the_end(lab: Terminal, number: int, stalled: bool) -> float:
    """Send a signal; the seconds until the run is saved and the process has ended."""
    began = time.monotonic()
    os.kill(lab.process.pid, number)

    def saved() -> bool:
        if not stalled:
            lab.read(0.02)
        return runs()[0].summary() is not None

    until(saved)
    if stalled:
        lab.process.wait(timeout=PATIENCE)
    else:
        lab.end()
    return time.monotonic() - began


@pytest.mark.timing
@pytest.mark.parametrize("stalled", [False, True])
def test_a_signal_ends_the_lab_within_seconds(terminal, stalled):
    lab = training(terminal)
    if stalled:
        lab.wait_until_nobody_can_write()
    assert seconds_to_the_end(lab, signal.SIGTERM, stalled) < 6


def test_a_terminal_that_goes_without_a_signal_ends_the_lab_which_saves(terminal):
    lab = terminal("open", "spiral", "--pace", "300")
    lab.wait_for("press space to train")
    lab.press(" ")
    lab.wait_for("training")
    os.close(lab.master)
    try:
        lab.process.wait(timeout=PATIENCE)
    finally:
        lab.master = os.open(os.devnull, os.O_RDWR)
    assert runs()[0].summary()["reason"] == "interrupted"


def test_a_reader_that_does_not_read_does_not_slow_training(terminal):
    lab = terminal("open", "spiral", "--pace", "0")
    lab.wait_for("press space to train")
    lab.press(" ")
    until(lambda: runs() and runs()[0].summary())
    assert runs()[0].summary()["reason"] == "done"


def test_live_resize_down_to_too_small_and_back(terminal):
    lab = terminal("open", "spiral")
    lab.wait_for("press space to train")
    for size in ((40, 10), (80, 24), (200, 60)):
        lab.resize(*size)
        os.kill(lab.process.pid, signal.SIGWINCH)
        lab.read(0.5)
        assert lab.process.poll() is None
    assert b"make the window larger" in lab.seen
    lab.press("q")
    assert lab.end() == 0


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"TERM": "linux", "COLORTERM": ""}, {"TERM": "xterm", "COLORTERM": ""}]
)
def test_terminals_of_few_colors_show_the_lab(terminal, environment):
    lab = terminal("open", "moons", "--pace", "0", **environment)
    lab.wait_for("press space to train")
    lab.press(" ")
    lab.wait_for("done")
    lab.press("1234567")
    lab.read(1)
    lab.press("q")
    assert lab.end() == 0
    if "NO_COLOR" in environment:
        colors = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", lab.seen)
        assert all(red == green == blue for red, green, blue in colors)


def test_a_terminal_that_cannot_draw_is_told_the_way_without_a_screen(terminal):
    lab = terminal("open", "spiral", TERM="dumb")
    assert lab.end() == 2
    assert b"without a screen: tui-lab train spiral" in lab.seen


def test_a_crash_leaves_a_clean_terminal_and_names_its_log(terminal, tmp_path):
    site = tmp_path / "sitecustomize.py"
    site.write_text(
        "import tui_lab.tui.widgets.status as s\n"
        "def broken(self, height, width): raise RuntimeError('oh no')\n"
        "s.StatusLine.paint = broken\n"
    )
    lab = terminal("open", "spiral", PYTHONPATH=f"{tmp_path}:{Path(__file__).parents[3]}")
    assert lab.end() == 1
    out = lab.seen.decode(errors="replace")
    assert "RuntimeError: oh no" in out.split("\x1b[?1049l")[-1]
    assert "to report it, send what tui-lab doctor prints" in out
