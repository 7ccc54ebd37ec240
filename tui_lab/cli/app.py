"""The root command: knows the name and the one-line help of every command, and imports it when it is called."""

from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

COMMANDS = {
    "open": ("lab", "Open the lab on a preset, a file or a run."),
    "train": ("train", "Train a preset, a TOML file or a file of data, without a screen."),
    "resume": ("train", "Go on with a run where it stopped."),
    "eval": ("evaluate", "Measure a run's best parameters on its test rows."),
    "predict": ("predict", "Predict new rows from a file with a run's best parameters."),
    "sample": ("sample", "Write text with a network that was trained on text."),
    "presets": ("presets", "List, show and copy ready experiments."),
    "data": ("data", "List and show data sets."),
    "runs": ("runs", "List, show, compare and remove past trainings."),
    "reference": ("reference", "List every layer, loss, optimizer …, or describe one with all its options."),
    "warmup": ("warmup", "Compile all kernels now, so that later starts are fast."),
    "doctor": ("doctor", "Show what a bug report needs: versions, cores, cache, terminal."),
}

EXAMPLES = """\b
Examples:
  tui-lab train spiral
  tui-lab train digits-mlp --set optimizer.lr=0.003 --epochs 30
  tui-lab train my.toml --json > log.jsonl
  tui-lab eval last
"""


class LazyGroup(click.Group):
    """A group whose commands are imported on use: help and completion stay quick."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [*COMMANDS, *self.added()]

    @staticmethod
    def added() -> dict[str, "EntryPoint"]:
        """The commands of plugins, by name."""
        from engine import plugins

        return {
            point.name: point for point in plugins.declared(plugins.COMMANDS) if point.name not in COMMANDS
        }

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in self.added():
            command: click.Command = self.added()[name].load()
            return command
        if name not in COMMANDS:
            return None
        module, sentence = COMMANDS[name]
        found: click.Command = getattr(
            import_module(f"tui_lab.cli.{module}"), name.replace("-", "_") + "_command"
        )
        details = found.callback.__doc__ if found.callback is not None else None
        found.help = f"{sentence}\n\n{cleandoc(details)}" if details else sentence
        return found

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            rows = [(name, help) for name, (_, help) in COMMANDS.items()]
            formatter.write_dl(
                rows + [(name, f"From {point.module}.") for name, point in self.added().items()]
            )

    def resolve_command(self, context: click.Context, args: list[str]) -> tuple:
        if args and args[0] not in COMMANDS and args[0] not in self.added():
            from engine.errors import did_you_mean

            context.fail(f"no command {args[0]!r}; {did_you_mean(args[0], self.list_commands(context))}")
        return super().resolve_command(context, args)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="tui-lab", message="tui-lab %(version)s")
@click.pass_context
def cli(context: click.Context) -> int | None:
    """A training lab in the terminal: watch a neural network learn, and change it while it does."""
    if context.invoked_subcommand is None:
        from tui_lab.cli.lab import open_lab
        from tui_lab.cli.options import runs_root

        return open_lab(None, runs_root(None))
    return None
