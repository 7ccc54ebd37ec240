"""warmup: compile everything now, so that nothing waits later."""

import os
import sys
import time
from collections.abc import Callable
from functools import partial

import click


@click.command("warmup")
@click.option("--precision", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
def warmup_command(precision: str) -> None:
    from engine.machine import vm
    from engine.machine.cache import cache_folder
    from engine.machine.compiler import address
    from engine.machine.program import all_kernels
    from tui_lab.cli.signals import held_back

    began = time.monotonic()
    jobs: list[tuple[str, Callable]] = [(k.name, partial(address, k, precision)) for k in all_kernels()]
    for entry in (vm.run_steps, vm.run_lanes):
        jobs += [(entry.__name__, partial(entry, parallel)) for parallel in (False, True)]
    moving = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    for i, (name, job) in enumerate(jobs, start=1):
        if moving:
            click.echo(f"\r\x1b[Kcompiling {i} of {len(jobs)}: {name}", nl=False, err=True)
        with held_back():
            job()
    if moving:
        click.echo("\r\x1b[K", nl=False, err=True)
    click.echo(f"{len(jobs)} compiled in {time.monotonic() - began:.1f} s, kept in {cache_folder()}")
