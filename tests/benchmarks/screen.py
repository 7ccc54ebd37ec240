"""What the lab's screen costs, in a real pseudo-terminal of 120 × 40 cells.

    python tests/benchmarks/screen.py [--seconds 10] [--rounds 3]
    python tests/benchmarks/screen.py --memory-minutes 30

Prints steps a second with the lab open against headless (in turns), the time from a key to the changed screen, the
first paint, the processor time of the screen and the bytes to the terminal; or how memory grows minute by minute.
"""

import argparse
import fcntl
import json
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tomllib
from pathlib import Path

import psutil

VIEWS = (  # whose steps a second are measured: the preset, the keys, and what they show
    ("spiral", "", "Overview"),
    ("digits-mlp", "", "Overview"),
    ("shakespeare-gpt", "4", "Output"),
)
LAB = [sys.executable, "-m", "tui_lab"]


class Terminal:
    """A process on a pseudo-terminal; counts what it writes."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            [*LAB, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True
        )
        os.close(slave)
        self.seen, self.bytes = b"", 0

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def read(self, seconds: float, until: bytes | None = None) -> bool:
        """Take what comes for so long, or until a text came."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                try:
                    chunk = os.read(self.master, 65536)
                except OSError:
                    return False
                self.bytes += len(chunk)
                self.seen = (self.seen + chunk)[-200_000:]
                if until is not None and until in self.seen:
                    return True
        return False

    def wait_for(self, text: str, seconds: float = 60) -> float:
        """Seconds until a text came."""
        began = time.monotonic()
        if not self.read(seconds, text.encode()):
            raise SystemExit(f"{text!r} did not come: {self.seen[-500:]!r}")
        return time.monotonic() - began

    def close(self) -> None:
        if self.process.poll() is None:
            self.press("q")
        end = time.monotonic() + 5
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.05)
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def experiment(folder: Path, preset: str) -> Path:
    """The preset as a file, without an end; it evaluates whenever it would have ended."""
    path = folder / f"{preset}.toml"
    if not path.exists():
        subprocess.run([*LAB, "presets", "copy", preset, str(path)], check=True, stdout=subprocess.DEVNULL)
        tree = tomllib.loads(path.read_text())
        lines = path.read_text().splitlines()
        io = ("steps =", "epochs =", "evaluate_every =")
        kept = [line for line in lines if not line.startswith(io)]
        at = kept.index("[training]") + 1
        kept[at:at] = [
            "steps = 1_000_000_000",
            f"evaluate_every = {tree['training'].get('steps', 10_000)}",
        ]
        path.write_text("\n".join(kept) + "\n")
    return path


def speed(runs: Path) -> float:
    """Steps a second of the newest run, by the times of its start and its end."""
    run = max(runs.glob("*/events.jsonl"), key=lambda p: p.stat().st_mtime)
    events = [json.loads(line) for line in run.read_text().splitlines()]
    start = next(e for e in events if e["event"] == "start")
    end = next(e for e in events if e["event"] == "end")
    return (end["step"] - start["step"]) / (end["time"] - start["time"])


def headless(path: Path, runs: Path, seconds: float) -> float:
    minutes = str(seconds / 60)
    subprocess.run(
        [*LAB, "train", str(path), "--runs", str(runs), "--quiet", "--minutes", minutes], check=True
    )
    return speed(runs)


def open_lab(path: Path, runs: Path, *options: str) -> Terminal:
    """The lab, training."""
    lab = Terminal("open", str(path), "--runs", str(runs), "--pace", "0", *options)
    lab.wait_for("press space to train")
    lab.read(0.5)
    lab.press(" ")
    return lab


def with_lab(path: Path, runs: Path, seconds: float, keys: str = "") -> float:
    lab = open_lab(path, runs)
    lab.press(keys)
    lab.read(seconds)
    lab.close()
    return speed(runs)


def key_times(path: Path, runs: Path, count: int = 40) -> list[float]:
    """Seconds from pressing the key of another view until it is there."""
    lab = open_lab(path, runs)
    lab.read(2)
    times = []
    for i in range(count):
        lab.seen = b""
        key, text = (("2", "LEARNING RATE"), ("1", "WHAT IT SEES"))[i % 2]
        lab.press(key)
        times.append(lab.wait_for(text))
        lab.read(0.3)
    lab.close()
    return times


def cost(path: Path, runs: Path, seconds: float, *options: str) -> tuple[float, float]:
    """(share of a core that the screen's thread takes, bytes a second) on the Overview."""
    lab = open_lab(path, runs, *options)
    lab.read(3)
    screen = psutil.Process(lab.process.pid)

    def screen_time() -> float:
        # The main thread draws; the engine's thread trains.
        thread = next(t for t in screen.threads() if t.id == lab.process.pid)
        return thread.user_time + thread.system_time

    before, lab.bytes = screen_time(), 0
    lab.read(seconds)
    share, rate = (screen_time() - before) / seconds, lab.bytes / seconds
    lab.close()
    return share, rate


def growth(path: Path, runs: Path, minutes: float) -> None:
    """Print the memory of the lab after 20 seconds of training, and how much more it is every minute from then on."""
    lab = open_lab(path, runs)
    lab.read(20)
    process = psutil.Process(lab.process.pid)
    before = process.memory_info().rss
    print(f"memory: {before / 1e6:.1f} MB", flush=True)
    for minute in range(1, round(minutes) + 1):
        lab.read(60)
        grown = (process.memory_info().rss - before) / 1e6
        print(f"after {minute:3} minutes {grown:+6.2f} MB", flush=True)
    lab.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--presets", default=",".join(preset for preset, *_ in VIEWS))
    parser.add_argument("--speeds", action="store_true", help="nothing but steps a second")
    parser.add_argument("--memory-minutes", type=float, default=0, help="measure the growth of memory alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, runs = Path(name), Path(name) / "runs"
        if options.memory_minutes:
            growth(experiment(folder, "spiral"), runs, options.memory_minutes)
            return
        for preset, keys, view in VIEWS:
            if preset not in options.presets.split(","):
                continue
            path = experiment(folder, preset)
            headless(path, runs, 1)
            ratios, plain = [], []
            for _ in range(options.rounds):
                plain.append(headless(path, runs, options.seconds))
                ratios.append(with_lab(path, runs, options.seconds, keys) / plain[-1])
            speeds = f"{statistics.median(plain):,.0f} steps/s headless"
            share = statistics.median(ratios)
            print(f"{preset:12} {speeds}, with the lab on {view} {share:.3f} of it", flush=True)
        if options.speeds:
            return
        spiral = experiment(folder, "spiral")
        times = sorted(key_times(spiral, runs))
        p95 = times[int(0.95 * (len(times) - 1))]
        print(
            f"key to screen: median {statistics.median(times) * 1e3:.0f} ms, 95 % {p95 * 1e3:.0f} ms",
            flush=True,
        )
        paints = []
        for _ in range(5):
            lab = Terminal("open", "--runs", str(runs))
            paints.append(lab.wait_for("linear-regression"))
            lab.press("\x11")
            lab.close()
        print(f"first paint: median {statistics.median(paints):.2f} s", flush=True)
        for words in ((), ("--low-bandwidth",)):
            share, rate = cost(spiral, runs, 2 * options.seconds, *words)
            print(f"overview {' '.join(words):16}: {share:.1%} of a core, {rate / 1e3:.1f} KB/s", flush=True)


if __name__ == "__main__":
    main()
