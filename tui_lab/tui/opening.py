"""From a line of the list to what it is about, and to a session on it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import presets
from engine.activations import Identity
from engine.data import prepare
from engine.experiment import Experiment, experiment_from
from engine.launch import Launch
from engine.network import NetworkSpec, trace
from engine.plan import io_spec
from engine.runs import RunDirectory
from tui_lab.session.base import READY, Snapshot
from tui_lab.session.blocks import grouped, size_of
from tui_lab.session.describing import describe_blocks, preview_of
from tui_lab.session.local import LocalSession

DEEPEST = 1  # of the layers within layers that are listed


def experiment_for(
    kind: str, name: str, root: Path, assignments: Sequence[str] = ()
) -> tuple[Experiment, RunDirectory | None]:
    """The experiment of a preset, a file (one of data gets a sensible one), or a run. Raises InputError."""
    if kind == "run":
        run = RunDirectory.find(name, root)
        return run.experiment(), run
    return experiment_from(presets.find(name, assignments)[1], name), None


def kind_of(target: str, root: Path) -> str:
    """Whether a target names a preset, a file or a run."""
    if target in presets.names():
        return "preset"
    if target == "last" or any((p / "experiment.toml").is_file() for p in (Path(target), root / target)):
        return "run"
    return "file" if Path(target).suffix or Path(target).exists() else "preset"


def opener(
    kind: str,
    name: str,
    root: Path,
    *,
    play: bool = False,
    threads: int | None = None,
    pace: float | None = None,
    assignments: Sequence[str] = (),
) -> Callable[[], LocalSession]:
    """What makes a session on a preset, file or run. Raises InputError.

    `pace` is in steps a second, 0 for full speed; None slows down what would be over before anyone has seen it.
    """
    experiment, run = experiment_for(kind, name, root, assignments)
    title = run.name if run is not None else Path(name).stem
    launch = Launch(title, experiment, root, run=run, threads=threads, author="screen")
    return lambda: LocalSession(launch, play=play, pace=pace)


def about(kind: str, name: str, root: Path) -> dict[str, Any]:
    """Title, story, layers and things to try, and a snapshot of the data for the preview."""
    experiment, run = experiment_for(kind, name, root)
    dataset = prepare(experiment.data, experiment.training.seed)
    network = trace(experiment.model, io_spec(experiment, dataset))
    data = preview_of(dataset, experiment.data, experiment.training.seed)
    snapshot = Snapshot(version=1, phase=READY, name=name, experiment=experiment, data=data)
    return {
        "title": experiment.title or name,
        "story": run_story(run) if run is not None else " ".join(experiment.story.split()),
        "layers": layers_text(experiment, dataset.input_shape, network),
        "tries": "\n".join(f"try  {line}" for line in experiment.things_to_try),
        "snapshot": snapshot,
    }


def run_story(run: RunDirectory) -> str:
    summary = run.summary() or {}
    if not summary:
        return "interrupted; open it to go on from its last checkpoint"
    test = "  ".join(f"{k} {v:.4g}" for k, v in list((summary.get("test") or {}).items())[:3])
    return f"{summary['reason']} at step {summary['step']:,}. {test}"


def layers_text(experiment: Experiment, input_shape: tuple[int, ...], network: NetworkSpec) -> str:
    """The layers with shapes and parameter counts, then how they are trained."""
    activations = {b.name: b.layer.activates for b in network.blocks}
    lines = [f"{'input':24} {size_of(input_shape):>9}"]
    for row in grouped(describe_blocks(network)):
        if row.depth > DEEPEST:
            continue
        activation = activations.get(row.name)
        name = row.name
        if activation is not None and not isinstance(activation, Identity):
            name += f" {activation.tag()}"
        name = f"{row.times} × {name}" if row.times > 1 else name
        count = f"{row.parameters:,}" if row.parameters else ""
        lines.append(f"{'  ' * row.depth + name:24} {size_of(row.shape):>9} {count:>10}".rstrip())
    t = experiment.training
    length = f"{t.steps:,} steps" if t.steps else f"{t.epochs:g} epochs"
    optimizer = experiment.optimizer
    lines.append(f"{network.size:,} parameters · {optimizer.tag()} at {optimizer.lr:g} · {length}")
    if experiment.expect is not None:
        lines.append(f"expect {experiment.expect.text()}")
    return "\n".join(lines)
