"""Faults of ours, told to a person: one line, and a file that can be sent."""

import sys
import tempfile
import traceback

OUT_OF_MEMORY = "out of memory; make the model or training.batch_size smaller"


def describe(error: BaseException) -> str:
    """Keep the traceback in a file; gives the line that says what happened and where the file is. Never raises."""
    problem = f"{type(error).__name__}: {error}"
    told = f"this is a fault in tui-lab, not in your input: {problem}; to report it, send what tui-lab doctor prints"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="tui-lab-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as log:
            log.write(" ".join(sys.argv) + "\n\n")
            traceback.print_exception(error, file=log)
        return f"{told} and {log.name}"
    except (
        OSError
    ) as failure:  # no room or no right to keep it: the place it came from is better than nothing
        return f"{told} (its traceback cannot be kept: {failure.strerror}; it came from {origin(error)})"


def origin(error: BaseException) -> str:
    """The file, line and function in which an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else "nowhere"
