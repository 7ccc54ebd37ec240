"""eval: what a trained network is worth, and how sure that is."""

import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui_lab.cli.completion import complete_runs
from tui_lab.cli.options import runs_option, runs_root
from tui_lab.cli.printing import echo

if TYPE_CHECKING:
    import numpy as np

    from engine.data.preparation.dataset import Rows
    from engine.metrics import Metric
    from engine.model import Model

MOST_KINDS = 12  # of a column of numbers that are groups as they are; more are cut at the quartiles
CURVE_POINTS = 100


@click.command("eval")
@click.argument("run", metavar="RUN", shell_complete=complete_runs)
@click.option("--split", type=click.Choice(["train", "val", "test"]), default="test", show_default=True)
@click.option(
    "--input", "source", metavar="FILE", type=click.Path(), help="Measure on labelled rows of a file instead."
)
@click.option(
    "--data", "path", metavar="PATH", type=click.Path(), help="Where the data lies now, if it was moved."
)
@click.option("--by", "column", metavar="COLUMN", help="Measure the groups of a column apart.")
@click.option(
    "--cost", metavar="ALARM:MISS",
    help="Of two classes: what a false alarm and what a miss costs; gives the threshold that costs least.",
)  # fmt: skip
@click.option("--positive", metavar="CLASS", help="The class that an alarm means; the second if left out.")
@runs_option()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def eval_command(
    run: str, split: str, source: str | None, path: str | None, column: str | None, cost: str | None,
    positive: str | None, runs: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Metrics come with 95 % intervals (bootstrap over rows). Of classes there are also precision, recall and F1 of
    each, calibration and average precision; of numbers, what is left of them (residuals)."""
    from tui_lab.cli.evaluation_page import page
    from tui_lab.cli.loading import model_of

    costs = parsed_cost(cost)
    model = model_of(run, runs_root(runs))
    if path is not None:
        model = moved(model, path)
    rows, groups = rows_to_measure(model, split, source, column)
    found: dict[str, Any] = {
        "run": run, "split": source or split, "rows": len(rows), "step": model.step,
        "task": model.pipeline.task.tag(),
    }  # fmt: skip
    found |= assessed(model, rows, groups, column)
    if costs is not None:
        found["threshold"] = threshold(model, rows, split, source, costs, positive)
    print(json.dumps(found, ensure_ascii=False)) if as_json else echo("\n".join(page(found)))


def parsed_cost(text: str | None) -> tuple[float, float] | None:
    """(of a false alarm, of a miss)."""
    if text is None:
        return None
    try:
        alarm, miss = (float(part) for part in text.split(":"))
    except ValueError:
        raise click.UsageError(f"--cost {text}: expected two numbers, for instance 1:5") from None
    if not (0 <= alarm < float("inf") and 0 <= miss < float("inf")) or alarm + miss == 0:
        raise click.UsageError(f"--cost {text}: expected numbers of at least 0, not both 0")
    return alarm, miss


def moved(model: "Model", path: str) -> "Model":
    """The model with its data at another place."""
    from dataclasses import replace

    import msgspec

    from engine.errors import InputError
    from engine.model import Model

    data = model.experiment.data
    if "path" not in data.__struct_fields__:
        raise InputError(f"--data: the run's data is {data.tag()!r}, which lies in no file")
    experiment = msgspec.structs.replace(
        model.experiment, data=msgspec.structs.replace(data, path=str(Path(path).absolute()))
    )
    return Model(replace(model.checkpoint, experiment=experiment))


def rows_to_measure(
    model: "Model", split: str, source: str | None, column: str | None
) -> "tuple[Rows, list[str] | None]":
    """Rows with targets, and the group of each where a column is named."""
    from engine.data.sources.table import split_column
    from engine.errors import InputError

    if source is not None:
        rows, inputs = model.labeled(source)
        if column is None:
            return rows, None
        if inputs.table is None:
            raise InputError(f"--by {column}: {source} is no table with columns")
        return rows, inputs.table.column(column)
    rows = model.dataset().measured(split)
    if not len(rows):
        raise InputError(f"there are no {split} rows: data.split.{split} is 0")
    if column is None:
        return rows, None
    experiment = model.experiment
    return rows, split_column(experiment.data, experiment.training.seed, split, column)


def assessed(model: "Model", rows: "Rows", groups: list[str] | None, column: str | None) -> dict[str, Any]:
    """Everything about rows that is measured, as plain tables."""
    from engine import assessment
    from engine.metrics import confusion, measured

    pipeline, task, seed = model.pipeline, model.pipeline.task, model.experiment.training.seed
    z, t = model.evaluator.outputs(rows.x), rows.y
    loss = model.experiment.loss.values(z, t)
    baselines = dict(rows.baselines)
    if task.predicts_numbers:
        back = pipeline.target_to_original
        z, t, baselines = back(z), back(t), {name: back(g) for name, g in baselines.items()}
    metrics = chosen_metrics(model, tuple(baselines))
    found: dict[str, Any] = {"loss": float(loss.mean()), **measured(metrics, z, t, baselines)}
    found["intervals"] = assessment.bootstrap(metrics, z, t, seed)
    if task.predicts_class:
        counts = confusion(z, t)
        scores = assessment.class_scores(counts, pipeline.classes)
        found["classes"] = [asdict(score) for score in scores]
        found["averages"] = assessment.averages(scores)
        found["confusion"] = counts.tolist()
        found["calibration"] = asdict(assessment.calibration(z, t))
        found["precision_recall"] = curves(z, t, pipeline.classes)
    elif task.predicts_numbers:
        found["residuals"] = [asdict(r) for r in assessment.residuals(z, t, pipeline.targets)]
    if groups is not None:
        found["by"] = {"column": column, "groups": by_group(metrics, z, t, grouped(groups), model)}
    return found


def chosen_metrics(model: "Model", baselines: tuple[str, ...]) -> "list[Metric]":
    """The metrics of the run, or of its task, the one that baselines are measured by first."""
    chosen = getattr(model.experiment.training, "metrics", None)
    return list(chosen) if chosen else list(model.pipeline.task.metrics(model.pipeline.classes, baselines))


def curves(z: "np.ndarray", t: "np.ndarray", classes: tuple[str, ...]) -> dict[str, Any]:
    """Average precision and the curve of each class against the others; of two classes of the second one."""
    import numpy as np

    from engine.assessment import precision_recall
    from engine.metrics import probabilities

    p, found = probabilities(z), {}
    for i in range(p.shape[1]) if p.shape[1] > 2 else (1,):
        curve = precision_recall(p[:, i], t[:, 0] == i)
        if curve is None:
            continue
        at = np.unique(np.linspace(0, len(curve.thresholds) - 1, CURVE_POINTS).round().astype(int))
        points = {
            name: getattr(curve, name)[at].round(6).tolist() for name in ("precision", "recall", "thresholds")
        }
        found[classes[i]] = {"average": curve.average, **points}
    return found


def by_group(
    metrics: "list[Metric]", z: "np.ndarray", t: "np.ndarray", groups: list[str], model: "Model"
) -> dict[str, Any]:
    """Metrics of each group, with macro precision, recall and F1 of classes."""
    import numpy as np

    from engine import assessment
    from engine.metrics import confusion

    found: dict[str, Any] = assessment.group_metrics(metrics, z, t, groups)
    if model.pipeline.task.predicts_class:
        labels = np.array(groups)
        for name in found:
            rows = labels == name
            scores = assessment.class_scores(confusion(z[rows], t[rows]), model.pipeline.classes)
            found[name] |= assessment.averages(scores)["macro"]
    return found


def grouped(cells: list[str]) -> list[str]:
    """The group of each row: its cell; of a column of many numbers the quarter that it lies in."""
    import numpy as np

    from engine.data.readers.numbers import number

    values = [number(cell) for cell in cells]
    if len(set(cells)) <= MOST_KINDS or any(
        v is None and cell for v, cell in zip(values, cells, strict=True)
    ):
        return [cell or "(missing)" for cell in cells]
    known = np.array([np.nan if v is None else v for v in values])
    edges = np.unique(np.nanquantile(known, [0.25, 0.5, 0.75]))
    bounds = [
        f"≤ {edges[0]:g}",
        *(f"{a:g} … {b:g}" for a, b in pairwise(edges)),
        f"> {edges[-1]:g}",
    ]
    places = np.searchsorted(edges, known, side="left").tolist()
    return ["(missing)" if v != v else bounds[place] for v, place in zip(known.tolist(), places, strict=True)]


def threshold(
    model: "Model", rows: "Rows", split: str, source: str | None, costs: tuple[float, float], name: str | None
) -> dict[str, Any]:
    """The threshold that costs least on the validation rows, and what it costs on the rows that are measured."""
    from engine import assessment
    from engine.errors import InputError
    from engine.metrics import probabilities

    classes = model.pipeline.classes
    if not model.pipeline.task.predicts_class or len(classes) != 2:
        raise InputError("--cost: a threshold parts two classes, and the run has others")
    k = assessment.positive_class(classes, name)
    chosen_on, tuned = "the same rows", rows
    if source is not None or split == "test":
        val = model.dataset().val
        if len(val):
            chosen_on, tuned = "the validation rows", val

    def scored(part: "Rows") -> "tuple[np.ndarray, np.ndarray]":
        return probabilities(model.evaluator.outputs(part.x))[:, k], part.y[:, 0] == k

    best = assessment.best_threshold(*scored(tuned), *costs)
    p, positive = scored(rows)
    return {
        "positive": classes[k], "false_alarm": costs[0], "miss": costs[1], "threshold": best.threshold,
        "chosen_on": chosen_on, "cost": assessment.expected_cost(p, positive, best.threshold, *costs),
        "cost_at_half": assessment.expected_cost(p, positive, 0.5, *costs),
    }  # fmt: skip
