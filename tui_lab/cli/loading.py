"""From what stands on the command line to an experiment, a trainer and a model that is ready."""

import sys
from pathlib import Path

import presets
from engine.data import Dataset, prepare
from engine.experiment import Experiment, dataset_key, experiment_from
from engine.model import Model
from engine.runs import RunDirectory
from tui_lab.cli.signals import held_back


def experiment_of(
    target: str, assignments: tuple[str, ...] = (), steps: int | None = None, epochs: float | None = None,
    seed: int | None = None,
) -> tuple[str, Experiment]:  # fmt: skip
    """(name, experiment) of a preset or file with the command line's changes applied."""
    name, tree = presets.find(target, assignments)
    training = tree.get("training")
    if isinstance(training, dict):
        if steps or epochs:
            training |= {"steps": steps or 0, "epochs": epochs or 0.0}
        if seed is not None:
            training["seed"] = seed
    return name, experiment_from(tree, target)


def dataset_of(experiment: Experiment) -> Dataset:
    return prepare(*dataset_key(experiment))


def model_of(reference: str, root: Path) -> Model:
    """The model of a run (its directory, its name, or "last"), or of a file of parameters.

    Signals wait until it is compiled. Raises InputError where there is none.
    """
    with held_back():
        if reference.endswith(".safetensors"):
            return Model.of_file(Path(reference))
        run = RunDirectory.find(reference, root)
        model = Model.of(run)
        if run.is_training():
            words = f"{run.name} is still being trained; these are its best parameters so far, of step {model.step:,}"
            print(f"tui-lab: note: {words}", file=sys.stderr)
        return model
