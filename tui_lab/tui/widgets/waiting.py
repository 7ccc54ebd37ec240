"""What a panel says that has nothing to show yet."""

from tui_lab.session import base
from tui_lab.session.base import Snapshot


def waiting_for(s: Snapshot, trained: str = "computing …") -> str:
    """What is being waited for: the data, the compiler, a press of space, or `trained` after the first step."""
    if s.phase in (base.LOADING, base.COMPILING):
        return s.message or s.phase
    return trained if s.step or s.phase == base.TRAINING else "press space to train"
