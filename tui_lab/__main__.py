"""The entry of the command `tui-lab`: runs a command and turns every failure into one line and an exit code."""

import errno
import sys
import warnings
from contextlib import suppress
from typing import NoReturn, TextIO

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line; never ends in a traceback."""
    from tui_lab.cli.signals import end_on_signals
    from tui_lab.streams import prepare_streams

    end_on_signals()
    prepare_streams()
    warnings.showwarning = note
    try:
        code = run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        code = 1
    except MemoryError:
        from tui_lab.faults import OUT_OF_MEMORY

        code = complain(OUT_OF_MEMORY, 1)
    except Exception as error:
        code = explain(error)
    leave(code)


def run() -> int:
    """Run the command; gives the exit code."""
    import click

    from tui_lab.cli.app import cli
    from tui_lab.streams import name_problem

    for argument in sys.argv[1:]:
        problem = name_problem(argument)
        if problem:
            return complain(problem, 2)
    try:
        return int(cli.main(prog_name="tui-lab", standalone_mode=False) or 0)
    except click.exceptions.Exit as exit:
        return exit.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "tui-lab"
        return complain(f"{error.format_message().rstrip('.')}; see {command} --help", error.exit_code)


def note(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning; what the user should know about their input as one line."""
    from engine.errors import RenamedWarning

    if issubclass(category, RenamedWarning):
        complain(f"note: {message}", 0)
    else:
        print(warnings.formatwarning(message, category, filename, lineno, line), end="", file=sys.stderr)


def explain(error: Exception) -> int:
    """Say what went wrong: the person's input, the machine, or a fault of ours."""
    from engine.errors import LabError

    if isinstance(error, LabError):
        return complain(str(error), error.exit_code)
    if isinstance(error, UnicodeEncodeError) and error.reason.startswith("surrogates"):
        from tui_lab.streams import name_problem

        return complain(name_problem(line_around(error.object, error.start)) or str(error), 2)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        return complain(f"{error.filename or 'the output'}: cannot be written: {error.strerror}", 1)
    from tui_lab import faults

    return complain(faults.describe(error), 1)


def line_around(text: str, place: int) -> str:
    """The line of a text that holds a place."""
    begin, end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
    return text[begin : end if end >= 0 else len(text)].strip()


def complain(message: str, code: int) -> int:
    with suppress(OSError):  # nobody is left to tell
        print(f"tui-lab: {' '.join(message.split())}", file=sys.stderr)
    return code


def leave(code: int) -> NoReturn:
    """Exit, also when whoever read our output has gone."""
    try:
        sys.stdout.flush()
    except OSError:
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


if __name__ == "__main__":
    main()
