"""One line that tells how far a training is: on a terminal, or in a notebook."""

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.loop import TrainingLoop

SECONDS = 0.2  # between two changes of the line


class Progress:
    """Tells nothing; the base of those that do."""

    def __init__(self) -> None:
        self._told = 0.0
        self._log: dict[str, Any] = {}

    def note(self, name: str, loop: "TrainingLoop", log: Any) -> None:
        """Take in a chunk of steps, and show the line where it is time."""
        if log is not None:
            self._log = log.flat()
        if time.monotonic() - self._told >= SECONDS:
            self._told = time.monotonic()
            self.show(line(name, loop, self._log))

    def end(self, name: str, loop: "TrainingLoop") -> None:
        self.show(line(name, loop, self._log))

    def show(self, text: str) -> None:
        """Show a line in the place of the one before."""

    def close(self) -> None:
        """Leave the last line as it is."""


class OnTerminal(Progress):
    """On standard error, which is a terminal."""

    def show(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\n")


class InNotebook(Progress):
    """In the output of the notebook's cell."""

    def __init__(self) -> None:
        super().__init__()
        self._handle: Any = None

    def show(self, text: str) -> None:
        from IPython.display import display

        data = {"text/plain": text}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


def progress_for(wanted: bool | None) -> Progress:
    """The line that suits where the program runs; None: where somebody watches."""
    if wanted is False:
        return Progress()
    if in_notebook():
        return InNotebook()
    if wanted or (sys.stderr is not None and sys.stderr.isatty()):
        return OnTerminal()
    return Progress()


def in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def line(name: str, loop: "TrainingLoop", log: dict[str, Any]) -> str:
    """spiral  step 1,200 of 5,000  train_loss 0.31  val_loss 0.35  accuracy 0.91"""
    from tui_lab.numbers import number, rate

    goal = loop.experiment.training.steps
    parts = [name, f"step {loop.step:,} of {goal:,}"]
    skipped = ("event", "step", "epoch", "lr", "gradient_norm")
    numbers = [(n, v) for n, v in log.items() if n not in skipped and isinstance(v, float)]
    parts += [f"{n} {number(v).strip()}" for n, v in numbers[:3]]
    if loop.trainer.steps_per_second:
        parts.append(f"{rate(loop.trainer.steps_per_second).strip()} steps/s")
    return "  ".join(parts)
