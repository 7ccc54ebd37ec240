"""warmup: compile everything now, so that nothing waits later."""

import sys
import time

import click


@click.command("warmup")
@click.option("--precision", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
def warmup_command(precision: str) -> None:
    """Compile everything now, so that nothing waits later."""
    from engine import vm
    from engine.jit import cache_folder
    from engine.program import all_kernels

    began = time.monotonic()
    jobs = [(kernel.name, lambda k=kernel: k.address(precision)) for kernel in all_kernels()]
    for entry in (vm.run_steps, vm.run_lanes):
        for parallel in (False, True):
            jobs.append((entry.__name__, lambda e=entry, p=parallel: e(p)))
    moving = sys.stderr.isatty()
    for i, (name, job) in enumerate(jobs, start=1):
        if moving:
            click.echo(f"\r\x1b[Kcompiling {i} of {len(jobs)}: {name}", nl=False, err=True)
        job()
    if moving:
        click.echo("\r\x1b[K", nl=False, err=True)
    click.echo(f"{len(jobs)} compiled in {time.monotonic() - began:.1f} s, kept in {cache_folder()}")
