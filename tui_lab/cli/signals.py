"""Signals: Ctrl-C, SIGTERM and SIGHUP end what runs, and never tear a compilation apart."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def interrupt_once(number: int, frame: object) -> None:
    """A handler for a time in which nothing needs saving: ends the command; further signals change nothing."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def end_on_signals() -> None:
    """Let signals end the command with its own exit code; what is ignored from outside, as under nohup, stays so."""
    for number in SIGNALS:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            signal.signal(number, interrupt_once)


@contextmanager
def handled(handler: Callable[[int, object], None]) -> Iterator[None]:
    """While it lasts the handler gets the signals; what is ignored from outside, as under nohup, stays ignored."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def held_back() -> Iterator[None]:
    """Let signals wait for the end of the block.

    An exception inside LLVM's callbacks is lost, or takes the process with it: no handler may raise there.
    """
    came: list[int] = []
    with handled(lambda number, frame: came.append(number)):
        yield
    if came:
        signal.raise_signal(came[0])
