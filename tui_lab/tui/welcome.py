"""What is told once: a mark in the user's own folder says that the welcome was seen."""

from pathlib import Path


def first_time() -> bool:
    """Whether the lab opens for the first time ever; later it is not."""
    import platformdirs

    mark = Path(platformdirs.user_state_dir("tui-lab")) / "welcomed"
    if mark.exists():
        return False
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:
        return False  # nowhere to remember it: better never than always
    return True
