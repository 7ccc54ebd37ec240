"""A hang-up or a kill saves the run, even when the link is stalled and the screen is stuck.

Textual's own handling would end the process at once, and a handler that waits for the event loop would wait for
ever where the terminal no longer takes output. So a signal only leaves a note; a thread that never touches the
screen saves, asks the application to leave, and ends the process when it does not.
"""

import os
import queue
import select
import signal
import sys
import threading
import time
from contextlib import suppress

from tui_lab.tui.app import LabApp

SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
SAVE_SECONDS, LEAVE_SECONDS = 3.0, 1.0
LOOK_SECONDS = 1.0  # between two looks whether the terminal is still there
INTERRUPTED = 130
# Leave the alternate screen, show the cursor, let go of the mouse and of bracketed paste.
RESTORE = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m\r\n"


def guarded(app: LabApp, mouse: bool = True) -> int:
    """Run the app until the person leaves or a signal ends it; gives the exit code."""
    hung_up: queue.SimpleQueue[int] = queue.SimpleQueue()  # no Event: a second signal would wait for its lock
    ended_by: list[int] = []

    def note(number: int, frame: object) -> None:
        ended_by.append(number)
        hung_up.put(number)

    before = {number: signal.signal(number, note) for number in SIGNALS}
    watchdog = threading.Thread(target=watch, args=(app, hung_up), name="watchdog", daemon=True)
    watchdog.start()
    try:
        code = app.run(mouse=mouse)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if app.session is not None:
            app.session.close()
    if app.failure is not None:
        raise app.failure
    if ended_by:
        return INTERRUPTED
    if app.return_code:
        return app.return_code
    return code or 0


def watch(app: LabApp, hung_up: queue.SimpleQueue[int]) -> None:
    """Wait for a signal, or for a terminal that has gone; then save, leave, and if need be end the process."""
    while True:
        try:
            hung_up.get(timeout=LOOK_SECONDS)
            break
        except queue.Empty:
            if has_gone():
                break
    closer = threading.Thread(target=close, args=(app,), daemon=True)
    closer.start()
    closer.join(SAVE_SECONDS)
    leaver = threading.Thread(target=leave, args=(app,), daemon=True)
    leaver.start()
    leaver.join(LEAVE_SECONDS)
    time.sleep(LEAVE_SECONDS)  # where the link is well, the process is gone by now
    with suppress(OSError):
        os.set_blocking(sys.__stdout__.fileno(), False)  # type: ignore[union-attr]
        os.write(sys.__stdout__.fileno(), RESTORE)  # type: ignore[union-attr]
    os._exit(INTERRUPTED)


def has_gone() -> bool:
    """Whether nobody holds the other end of the terminal: where it controls no process, no signal says so."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(sys.__stdout__.fileno(), 0)  # type: ignore[union-attr]
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))


def close(app: LabApp) -> None:
    if app.session is not None:
        app.session.close()


def leave(app: LabApp) -> None:
    with suppress(Exception):  # a stuck event loop: the watchdog does without it
        app.call_from_thread(app.exit, INTERRUPTED)
