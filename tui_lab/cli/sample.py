"""sample: text from a trained network, as it is written."""

from pathlib import Path

import click

from tui_lab.cli.completion import complete_runs
from tui_lab.cli.options import Number, runs_option, runs_root
from tui_lab.cli.printing import output


@click.command("sample")
@click.argument("run", metavar="RUN", shell_complete=complete_runs)
@click.option("--prompt", default="", help="What the text goes on from; \\n is a line end.")
@click.option(
    "--length", type=click.IntRange(1, 10_000_000), default=500, show_default=True, help="Tokens to write."
)
@click.option(
    "--temperature", type=Number(0, 100), default=1.0, show_default=True,
    help="Below 1 more predictable, above 1 more random; 0: always the most likely token.",
)  # fmt: skip
@click.option(
    "--top-k", type=click.IntRange(0), default=0, help="Sample from the K most likely tokens; 0: all."
)
@click.option(
    "--top-p", type=Number(0, 1, min_open=True), default=1.0,
    help="Only the likeliest tokens that have this probability together; 1: all.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@runs_option()
def sample_command(
    run: str,
    prompt: str,
    length: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int,
    runs: Path | None,
) -> None:
    """RUN is a directory, a name, "last", or a checkpoint file."""
    from engine.generate import Sampling
    from tui_lab.cli.loading import model_of

    model = model_of(run, runs_root(runs))
    prompt = prompt.replace("\\n", "\n")
    sampling = Sampling(temperature, top_k, top_p)
    pieces = model.generator().write(prompt, length, sampling, seed)
    last = next(pieces)  # what is wrong with the prompt shows before anything is printed
    stream = output()
    write, flush = stream.write, stream.flush  # click.echo would cost more than the network
    write(prompt + last)
    for piece in pieces:
        flush()
        write(piece)
        last = piece or last
    if not last.endswith("\n"):
        write("\n")
