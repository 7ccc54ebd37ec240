"""Trains presets over many seeds, on this processor and on imitated ones, and says what each may promise.

    python tools/measure_presets.py [PRESET…] [--seeds 10] [--processors native,haswell] [--results FILE] [--jobs 1]
    python tools/measure_presets.py [PRESET…] --report [--results FILE]

Each training is one line of FILE (JSON), so a measurement can be stopped at any time and goes on where it was: what
FILE has for the same recipe is not trained again. Each processor has a cache of compiled kernels of its own, in a
folder beside FILE.
"""

import argparse
import hashlib
import json
import math
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.trainer import Trainer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

PROCESSORS = {
    "native": {},
    # AVX2, no AVX-512
    "haswell": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "", "OPENBLAS_CORETYPE": "Haswell"},
    # SSE4.2, no fused multiply-add
    "nehalem": {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": "", "OPENBLAS_CORETYPE": "Nehalem"},
}
IMITATION = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
SEEDS_A_PROCESS = 5
ROUNDING = 1e-4  # relative: processors differ by so much in any case
COUNTED = ("accuracy", "exact_match")  # metrics that move by a row at least
Line = dict[str, Any]


def main() -> None:
    import presets

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("presets", nargs="*", metavar="PRESET", help="default: all")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--processors", default="native,haswell", help=f"of {', '.join(PROCESSORS)}")
    parser.add_argument("--results", type=Path, default=Path("presets.jsonl"))
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time, one thread each")
    parser.add_argument("--report", action="store_true", help="train nothing, print what FILE holds")
    parser.add_argument("--seed", type=int, action="append", help=argparse.SUPPRESS)  # these two: what a
    parser.add_argument("--compile", action="store_true", help=argparse.SUPPRESS)  # process of its own does
    options = parser.parse_args()
    names = options.presets or presets.names()
    if options.compile:
        compiled_trainer(names[0], seed=1).advance(limit=1)
        return
    if options.seed:
        for seed in options.seed:
            print(json.dumps(trained(names[0], seed)), flush=True)
        return
    if not options.report:
        measure(names, options.processors.split(","), options.seeds, options.results, options.jobs)
    report(names, read(options.results))


def measure(names: list[str], processors: list[str], seeds: int, results: Path, jobs: int) -> None:
    """Train what `results` lacks and append a line for each training."""
    work = list(missing(names, processors, seeds, read(results)))
    left = sum(len(some) for _, _, some in work)
    print(f"{left} trainings", flush=True)
    compiled: set[tuple[str, str]] = set()
    lock = threading.Lock()

    def job(name: str, processor: str, some: list[int]) -> None:
        if (name, processor) not in compiled:  # so that no training mixes new code with code from the cache
            list(elsewhere(processor, results, name, "--compile"))
            compiled.add((name, processor))
        for line in elsewhere(processor, results, name, *(f"--seed={seed}" for seed in some)):
            line = {"preset": name, "processor": processor, **line}
            with lock, open(results, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            print(f"{name} on {processor}, seed {line['seed']}: {line['value']:.4f}", flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        for future in [pool.submit(job, *some) for some in work]:
            future.result()


def missing(
    names: list[str], processors: list[str], seeds: int, known: list[Line]
) -> Iterator[tuple[str, str, list[int]]]:
    """(preset, processor, seeds) still to be trained: the first seeds of every preset before any more."""
    have = {(line["preset"], line["recipe"], line["processor"], line["seed"]) for line in known}
    for first in range(1, seeds + 1, SEEDS_A_PROCESS):
        for name in names:
            for processor in processors:
                some = [
                    seed
                    for seed in range(first, min(first + SEEDS_A_PROCESS, seeds + 1))
                    if (name, recipe_of(name), processor, seed) not in have
                ]
                if some:
                    yield name, processor, some


def elsewhere(processor: str, results: Path, *arguments: str) -> Iterator[Line]:
    """What this program says in a process of its own that takes the processor for another one."""
    environment = {key: value for key, value in os.environ.items() if key not in IMITATION}
    environment |= PROCESSORS[processor]
    environment["TUI_LAB_CACHE"] = str(results.absolute().with_suffix("") / f"cache-{processor}")
    command = [sys.executable, __file__, *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for text in process.stdout:
            yield json.loads(text)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} on {processor} failed")


def compiled_trainer(name: str, seed: int) -> "Trainer":
    import presets
    from engine.data import prepare
    from engine.experiment import experiment_from, override
    from engine.trainer import Trainer

    experiment = experiment_from(override(presets.load(name), [f"training.seed={seed}"]), name)
    dataset = prepare(experiment.data, seed, experiment.training.precision)
    trainer = Trainer(experiment, dataset, threads=1)
    trainer.start()
    for compile in trainer.to_compile():
        compile()
    return trainer


def trained(name: str, seed: int) -> Line:
    """Train a preset from one seed; what its test rows say."""
    recipe, trainer = recipe_of(name), compiled_trainer(name, seed)
    began = time.perf_counter()
    for _ in trainer:
        pass
    seconds = time.perf_counter() - began
    metrics, rows = trainer.test_scores(), trainer.dataset.measured("test")
    assert metrics is not None
    expect = trainer.experiment.expect
    assert expect is not None
    return {
        "recipe": recipe, "seed": seed, "metric": expect.metric,
        "value": metrics[expect.metric], "ended": trainer.progress.ended, "step": trainer.step,
        "best_step": trainer.progress.best_step, "rows": len(rows), "seconds": round(seconds, 2),
        "metrics": metrics,
    }  # fmt: skip


def recipe_of(name: str) -> str:
    """A digest of what decides how a preset is trained: not its texts, nor what it promises."""
    import presets

    told = ("title", "story", "try", "topic", "expect")
    tree = {key: value for key, value in presets.load(name).items() if key not in told}
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:12]


def read(results: Path) -> list[Line]:
    if not results.is_file():
        return []
    lines = results.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def report(names: list[str], lines: list[Line]) -> None:
    """A row for each preset and processor, then the line that the preset may have."""
    print(f"{'preset':20} {'processor':9} {'seeds':>5} {'mean':>9} {'std':>8} {'worst':>9} {'seconds':>8}")
    promises = []
    for name in names:
        own = [line for line in lines if line["preset"] == name and line["recipe"] == recipe_of(name)]
        for processor in dict.fromkeys(line["processor"] for line in own):
            print(row(name, processor, [line for line in own if line["processor"] == processor]))
        if len({line["seed"] for line in own}) > 1:
            promises.append(f"{name:20} {promise(own)}")
    print("\n" + "\n".join(promises))


def row(name: str, processor: str, lines: list[Line]) -> str:
    values = [line["value"] for line in lines]
    std = statistics.stdev(values) if len(values) > 1 else math.nan
    seconds = statistics.mean(line["seconds"] for line in lines)
    failed = sum(line["ended"] not in ("done", "early_stop") for line in lines)
    return (
        f"{name:20} {processor:9} {len(values):5} {statistics.mean(values):9.4f} {std:8.4f} {worst(lines):9.4f} "
        f"{seconds:8.1f}{f'  {failed} failed' if failed else ''}"
    )


def worst(lines: list[Line]) -> float:
    from engine.metrics import metric

    choose = min if metric(lines[0]["metric"]).higher_is_better else max
    return choose(line["value"] for line in lines)


def promise(lines: list[Line]) -> str:
    """What a preset may promise after trainings of the same recipe: over the seeds of all processors."""
    values = [line["value"] for line in lines]
    std = statistics.stdev(values)
    metric = lines[0]["metric"]
    if metric in COUNTED:
        std = max(std, 1 / lines[0]["rows"])
    std = max(std, abs(statistics.mean(values)) * ROUNDING)
    digits = max(0, 1 - math.floor(math.log10(std)))
    away = math.floor if min(values) == worst(lines) else math.ceil  # rounded, too, none was worse
    numbers = {
        "mean": round(statistics.mean(values), digits),
        "std": math.ceil(std * 10**digits) / 10**digits,
        "worst": away(worst(lines) * 10**digits) / 10**digits,
    }
    text = ", ".join(f"{key} = {value:.{digits}f}" for key, value in numbers.items())
    return f'expect = {{ metric = "{metric}", {text}, seeds = {len({line["seed"] for line in lines})} }}'


if __name__ == "__main__":
    main()
