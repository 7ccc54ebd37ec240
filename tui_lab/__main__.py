"""The entry of the command `tui-lab`: runs a command and turns every failure into one line and an exit code."""

import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line; never ends in a traceback."""
    import click

    from tui_lab.cli.app import cli

    try:
        code = cli.main(standalone_mode=False) or 0
    except click.exceptions.Exit as exit:
        code = exit.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        code = 1
    except MemoryError:
        code = complain("out of memory; make the model or training.batch_size smaller", 1)
    except Exception as error:
        from engine.errors import LabError

        code = complain(str(error), error.exit_code) if isinstance(error, LabError) else report_bug(error)
    leave(int(code))


def complain(message: str, code: int) -> int:
    print(f"tui-lab: {' '.join(message.split())}", file=sys.stderr)
    return code


def report_bug(error: Exception) -> int:
    """Keep the traceback in a file and say where it is."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="tui-lab-", suffix=".log", delete=False) as log:
        log.write(" ".join(sys.argv) + "\n\n")
        traceback.print_exception(error, file=log)
    problem = f"{type(error).__name__}: {error}"
    return complain(f"this is a fault in tui-lab, not in your input: {problem} (details in {log.name})", 1)


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
