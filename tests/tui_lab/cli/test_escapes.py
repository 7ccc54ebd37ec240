"""Escape sequences in names and values of files never reach the terminal."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tui_lab.cli.printing import Printable, printable
from tui_lab.cli.tables import aligned

RED, TITLE, BLINK, BACKWARDS = "\x1b[31m", "\x1b]0;owned\x07", "\x1b[5m", "\u202e"
SENT = re.compile("\x1b\\[31m|\x1b\\]0;|\x1b\\[5m|\u202e|\x07")  # colors of a progress bar are our own


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("escapes")
    rows = [
        f"{i % 7},{i % 3 + 0.5},{f'{RED}yes{TITLE}' if i % 7 > 3 else f'no{BACKWARDS}'}" for i in range(80)
    ]
    (folder / "plain.csv").write_text(
        "\n".join([f"a{RED}b,{TITLE}c,ans{BLINK}wer", *rows]) + "\n", encoding="utf-8"
    )
    return folder


def on_a_terminal(folder: Path, *words: str) -> str:
    """What a command writes where standard output and error are a terminal."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_lab", *words],
        cwd=folder,
        stdin=side,
        stdout=side,
        stderr=side,
        env=os.environ,
    )
    os.close(side)
    parts = []
    try:
        while piece := os.read(main, 65_536):
            parts.append(piece)
    except OSError:  # the other end is closed
        pass
    os.close(main)
    process.wait(60)
    return b"".join(parts).decode("utf-8", "replace")


def test_no_command_passes_on_what_a_terminal_would_obey(folder):
    train = ("train", "plain.csv", "--runs", "runs", "--steps", "20", "--set", "training.evaluate_every=10")
    commands = [
        ("data", "show", "plain.csv"), train, ("eval", "last", "--runs", "runs"),
        ("predict", "last", "--input", "plain.csv", "--runs", "runs"), ("runs", "--runs", "runs"),
        ("runs", "show", "last", "--runs", "runs"), ("train", "plain.csv", "--set", f"training.{RED}x=3"),
        ("train", "plain.csv", "--set", f"data.target={BLINK}zz"), ("train", f"no{TITLE}.csv"),
        ("runs", "show", f"{RED}zz", "--runs", "runs"), (f"{RED}command",),
    ]  # fmt: skip
    for words in commands:
        written = on_a_terminal(folder, *words)
        assert written.strip(), words
        assert "Traceback" not in written, words
        assert not SENT.search(written), (words, SENT.findall(written))
    shown = on_a_terminal(folder, "data", "show", "plain.csv")
    assert r"\x1b[31myes\x1b]0;owned\x07" in shown, "it is written out, not lost"


def test_a_file_gets_predictions_as_they_are(folder):
    words = ["predict", "last", "--input", "plain.csv", "--runs", "runs", "--output", "out.csv"]
    subprocess.run([sys.executable, "-m", "tui_lab", *words], cwd=folder, check=True, capture_output=True)
    assert f"{RED}yes{TITLE}" in (folder / "out.csv").read_text(encoding="utf-8")


def test_printable_text_keeps_its_lines_and_tabs():
    assert printable("a\tb\nc\x1b[0m") == "a\tb\nc\\x1b[0m"
    assert printable("猫 é") == "猫 é"


def test_a_stream_is_only_written_out_on_a_terminal(monkeypatch):
    plain, terminal = io.StringIO(), io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    for stream in (plain, terminal):
        Printable(stream).write("\x1b[31m\n")
    assert (plain.getvalue(), terminal.getvalue()) == ("\x1b[31m\n", "\\x1b[31m\n")


def test_columns_stay_aligned_whatever_a_name_holds():
    lines = aligned([("a\x1b[31m", "1"), ("猫", "2"), ("plain", "3")])
    assert lines == ["a\\x1b[31m  1", "猫         2", "plain      3"]
