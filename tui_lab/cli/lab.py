"""open: the lab's screens. They are the next part to be built; until then this names the way without a screen."""

import click

from engine.errors import InputError


def open_lab(target: str | None) -> None:
    """Open the lab on a preset, file or run. Raises InputError: there are no screens yet."""
    command = f"tui-lab train {target}" if target else "tui-lab presets, tui-lab train PRESET"
    raise InputError(f"the lab's screens are not here yet; without a screen: {command}")


@click.command("open")
@click.argument("target", metavar="PRESET|FILE.toml|RUN")
def open_command(target: str) -> None:
    """Open the lab on a preset, a file or a run."""
    open_lab(target)
