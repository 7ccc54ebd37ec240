"""tui-lab sample: text from runs and checkpoint files, as it is written, and what is wrong in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.command_line import lab

LINES = (
    "model=[{layer='embedding',units=8},{layer='position'},{layer='transformer',heads=2},{layer='unembed'}]"
)
RUNNING = ["--set", "data={source='pydoc',context=16,measured=500}", "--set", LINES]


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """Three runs: of running text, of sums, and of a table."""
    folder = tmp_path_factory.mktemp("runs")
    for name, preset, *changes in (
        ("text", "names-gpt", *RUNNING),
        ("sums", "addition-gpt", "--set", LINES),
        ("table", "iris"),
    ):
        outcome = lab("train", preset, *changes, "--steps", 12, "--name", name, "--runs", folder, "--quiet")
        assert outcome.code == 0, outcome.err
    return folder


def sample(runs: Path, run: str, *arguments: object) -> str:
    outcome = lab("sample", run, "--runs", runs, *arguments)
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    return outcome.out


def test_a_text_goes_on_from_the_prompt_for_the_length_asked(runs):
    text = sample(runs, "text", "--prompt", "def ", "--length", 50)
    assert text.startswith("def ")
    assert len(text.removesuffix("\n")) in (4 + 49, 4 + 50)
    assert text.endswith("\n")


def test_the_seed_decides_and_temperature_zero_needs_none(runs):
    first = sample(runs, "text", "--seed", 3)
    assert sample(runs, "text", "--seed", 3) == first != sample(runs, "text", "--seed", 4)
    sure = sample(runs, "text", "--temperature", 0)
    assert sample(runs, "text", "--temperature", 0, "--seed", 9) == sure
    assert sample(runs, "text", "--top-k", 1) == sure
    assert sample(runs, "text", "--top-p", 1e-6) == sure
    assert first != sure


def test_a_line_end_may_be_written_as_two_characters(runs):
    assert sample(runs, "text", "--prompt", r"a\nb", "--temperature", 0).startswith("a\nb")


def test_an_answer_is_one_line(runs):
    text = sample(runs, "sums", "--prompt", "12+34=", "--length", 5000)
    assert text.startswith("12+34=")
    assert text.count("\n") == 1


def test_a_checkpoint_file_writes_too(runs):
    best = runs / "text" / "checkpoints" / "best.safetensors"
    assert sample(runs, str(best), "--seed", 3) == sample(runs, "text", "--seed", 3)
    (step,) = (runs / "text" / "checkpoints").glob("step-*12.safetensors")
    assert sample(runs, str(step), "--length", 20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["text", "--prompt", "Ünïcode"], "the prompt has characters that the model never saw: 'Ü' 'ï'"),
        (["table"], "only a network trained on text writes text; tui-lab predict takes rows of other data"),
        (["absent"], "no run 'absent'"),
        (["absent.safetensors"], "absent.safetensors: there is no such checkpoint"),
        (["text", "--length", "0"], "0 is not in the range"),
        (["text", "--temperature", "nan"], "nan is not a number"),
        (["text", "--temperature", "-1"], "-1.0 is not in the range"),
        (["text", "--top-p", "0"], "0.0 is not in the range"),
        (["text", "--top-k", "-2"], "-2 is not in the range"),
    ],
)
def test_bad_input_is_refused_with_one_clear_line(runs, arguments, message):
    outcome = lab("sample", "--runs", runs, *arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_text_comes_as_it_is_written_and_ends_when_nobody_reads(runs):
    command = [sys.executable, "-m", "tui_lab", "sample", "text", "--runs", str(runs), "--length", "10000000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    assert len(process.stdout.read(100)) == 100
    process.stdout.close()
    assert process.wait(timeout=30) == 1
    assert process.stderr.read() == b""


def test_eval_of_a_text_measures_it_and_draws_no_confusion_of_tokens(runs):
    for split in ("train", "val", "test"):
        outcome = lab("eval", "text", "--runs", runs, "--split", split)
        assert outcome.code == 0, outcome.err
        assert "perplexity" in outcome.out
        assert "true \\ predicted" not in outcome.out


def test_data_show_reads_out_what_a_text_holds():
    sums = lab("data", "show", "addition").out.splitlines()
    assert "tokens  13 kinds of characters" in sums
    assert all(line[2] == "+" and line[5] == "=" for line in sums[-8:])
    assert "BERNARDO:" in lab("data", "show", "shakespeare").out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "too short",
            "fewer than data.context = 64 and one more; make the context smaller or the text longer",
        ),
        ("", "the text is empty"),
        (b"\xfd\xe9\xfc" * 100, 'line 1 is not UTF-8 text; use data.tokens = "byte"'),
        (None, "there is no such file"),
    ],
)
def test_a_text_of_the_users_that_cannot_be_used_is_refused_with_one_clear_line(tmp_path, content, message):
    path = tmp_path / "own.txt"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    outcome = lab("train", "shakespeare-gpt", "--set", f"data.path={path}")
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith(f"tui-lab: {path}: ")
    assert message in outcome.err
