"""doctor: what a bug report needs."""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib import metadata

import click

PACKAGES = (
    "tui-lab",
    "numba",
    "llvmlite",
    "numpy",
    "scipy",
    "textual",
    "rich",
    "click",
    "msgspec",
    "safetensors",
)
VARIABLES = ("TERM", "COLORTERM", "NO_COLOR", "TERM_PROGRAM", "TMUX", "SSH_TTY", "LANG", "LC_ALL")


@click.command("doctor")
def doctor_command() -> None:
    from tui_lab.cli.tables import aligned

    checks: list[tuple[str, Callable[[], str]]] = [
        ("python", lambda: f"{platform.python_version()} on {platform.platform()}"),
        *((name, lambda n=name: metadata.version(n)) for name in PACKAGES),
        ("processor", processor),
        ("memory", memory),
        ("threads", threads),
        ("blas", blas),
        ("cache", cache),
        ("runs", lambda: os.environ.get("TUI_LAB_RUNS") or os.path.abspath("runs")),
        ("terminal", terminal),
        (
            "environment",
            lambda: " ".join(f"{v}={os.environ[v]}" for v in VARIABLES if v in os.environ) or "–",
        ),
    ]
    rows = []
    for name, check in checks:
        try:
            rows.append((name, check()))
        except Exception as error:  # a part that is missing or broken is what the report is for
            rows.append((name, f"! {type(error).__name__}: {error}"))
    click.echo("\n".join(aligned(rows)))


def processor() -> str:
    import llvmlite.binding as llvm

    from engine.machine.threads import available_cores

    return f"{llvm.get_host_cpu_name()}, {os.cpu_count()} cores, {available_cores()} usable"


def memory() -> str:
    import psutil

    from tui_lab.numbers import size

    state = psutil.virtual_memory()
    return f"{size(state.total)}, {size(state.available)} free"


def threads() -> str:
    from engine.machine.compiler import native

    numba = native()
    return f"{numba.config.NUMBA_NUM_THREADS} at most, layer {os.environ.get('NUMBA_THREADING_LAYER')}"


def blas() -> str:
    import threadpoolctl

    from engine.machine.compiler import native

    native()
    pools = [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"]
    return "; ".join(
        f"{p['internal_api']} {p['version']} {p.get('architecture', '')}, {p['num_threads']} thread"
        for p in pools
    )


def cache() -> str:
    from engine.machine.cache import cache_folder
    from tui_lab.numbers import size

    folder = cache_folder()
    files = [f for f in folder.rglob("*") if f.is_file()]
    compiled = sum(f.suffix == ".nbc" for f in files)
    kept = size(sum(f.stat().st_size for f in files))
    return (
        f"{folder}, {compiled} compiled, {kept}; may be deleted at any time, is after 14 days without use; "
        "TUI_LAB_CACHE names another place"
    )


def terminal() -> str:
    columns, rows = shutil.get_terminal_size()
    streams = " ".join(n for n in ("stdin", "stdout", "stderr") if getattr(sys, n).isatty())
    return f"{columns}×{rows}, {sys.stdout.encoding}, terminal on: {streams or 'none'}"
