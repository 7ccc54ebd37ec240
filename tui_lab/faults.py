"""Faults of ours, told to a person: one line, and a file that can be sent."""

import sys
import tempfile
import traceback

OUT_OF_MEMORY = "out of memory; make the model or training.batch_size smaller"


def describe(error: BaseException) -> str:
    """Keep the traceback in a file; gives the line that says what happened and where the file is."""
    with tempfile.NamedTemporaryFile("w", prefix="tui-lab-", suffix=".log", delete=False) as log:
        log.write(" ".join(sys.argv) + "\n\n")
        traceback.print_exception(error, file=log)
    problem = f"{type(error).__name__}: {error}"
    return (
        f"this is a fault in tui-lab, not in your input: {problem}; "
        f"to report it, send what tui-lab doctor prints and {log.name}"
    )
