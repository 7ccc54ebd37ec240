"""Kills a training at random moments, resumes it, and compares its last bits with those of the unbroken run.

    python tests/reference/kills.py [--runs 60] [--seed 1]

Every third run is edited at random steps. Prints one line a run and a summary; exits with 1 where bits differ.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

EDITS = [
    [("optimizer.lr", 0.03)],
    [("optimizer", {"name": "sgd", "lr": 0.1, "momentum": 0.9})],
    [("schedule", {"name": "constant"})],
    [("training.average", 0.9)],
    [("training.batch_size", 17), ("training.clip_norm", 0.5)],
    [("augment", [{"step": "noise", "std": 0.1}])],
]
STEPS = {"spiral": 60_000, "iris": 20_000, "moons": 40_000, "digits-mlp": 1_500}


def train(name: str, root: Path, edits: list) -> None:
    """Train the run to its end, making the edits that it does not have yet at their steps."""
    import presets
    from engine.data import prepare
    from engine.experiment import dataset_key, experiment_from, override
    from engine.launch import Launch, with_changes
    from engine.loop import Status, TrainingLoop
    from engine.runs import RunDirectory

    path = root / "run"
    run = RunDirectory(path) if path.exists() else None
    length = {"epochs": 0, "steps": STEPS[name], "patience": 0, "checkpoint_every": STEPS[name] // 9}
    tree = override(presets.load(name), [f"training.{key}={value}" for key, value in length.items()])
    experiment = run.experiment() if run else experiment_from(tree)
    loop = TrainingLoop(Launch(name, experiment, root, "run", run=run), prepare(*dataset_key(experiment)))
    made = len(run.edits()) if run else 0
    loop.open()
    if loop.status is Status.ENDED and run is not None and run.summary():
        return  # the kill came too late
    loop.play()
    while loop.status is Status.RUNNING:
        due = edits[made][0] if made < len(edits) else None
        loop.advance(limit=due)
        while loop.status is Status.RUNNING and made < len(edits) and loop.step >= edits[made][0]:
            wanted = with_changes(loop.experiment, tuple((p, v) for p, v in edits[made][1]))
            if (
                loop.step > edits[made][0] and wanted != loop.experiment
            ):  # one that changes nothing leaves no trace
                raise SystemExit(f"came to step {loop.step}, the edit was due at {edits[made][0]}")
            loop.edit(wanted)
            made += 1


def start(name: str, root: Path, edits: list) -> subprocess.Popen:
    arguments = ["--train", name, "--root", str(root), "--edits", json.dumps(edits)]
    return subprocess.Popen([sys.executable, __file__, *arguments], stderr=subprocess.PIPE, text=True)


def bits(root: Path) -> tuple:
    from engine.runs import RunDirectory

    run = RunDirectory(root / "run")
    metrics = [{k: v for k, v in line.items() if k != "time"} for line in run.metrics()]
    return run.steps()[-1].read_bytes(), run.best.read_bytes(), metrics, (run.summary() or {}).get("reason")


def killed(name: str, edits: list, rng: random.Random) -> tuple[int, bool, str]:
    """(kills survived, whether the bits are those of the unbroken run, what went wrong)."""
    with tempfile.TemporaryDirectory() as folder:
        whole, broken = Path(folder) / "whole", Path(folder) / "broken"
        process = start(name, whole, edits)
        began = time.monotonic()
        if process.wait():
            return 0, False, process.stderr.read() if process.stderr else ""
        lasts = time.monotonic() - began
        kills = 0
        for _ in range(rng.randint(1, 4)):
            process = start(name, broken, edits)
            time.sleep(rng.uniform(0.3, 1.0) * lasts)
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        process = start(name, broken, edits)
        if process.wait():
            return kills, False, process.stderr.read() if process.stderr else ""
        return kills, bits(broken) == bits(whole), ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--train")
    parser.add_argument("--root", type=Path)
    parser.add_argument("--edits", default="[]")
    options = parser.parse_args()
    if options.train:
        train(options.train, options.root, json.loads(options.edits))
        return 0
    kills = bad = 0
    for i in range(options.runs):
        rng = random.Random(options.seed * 1000 + i)
        name = rng.choice(list(STEPS))
        steps = sorted(rng.sample(range(1, STEPS[name]), rng.randint(1, 4))) if i % 3 == 0 else []
        edits = [[step, edit] for step, edit in zip(steps, rng.sample(EDITS, len(steps)), strict=True)]
        survived, same, problem = killed(name, edits, rng)
        kills, bad = kills + survived, bad + (not same)
        print(
            f"{name:12} {survived} kills, {len(edits)} edits: {'same bits' if same else 'OTHER BITS ' + problem}",
            flush=True,
        )
    print(
        f"{kills} kills in {options.runs} runs; {options.runs - bad} ended with the bits of the unbroken run"
    )
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
