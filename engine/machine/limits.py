"""How much memory this process may still take: what the machine has free, or less where a container is limited."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

UNLIMITED = 1 << 60  # version 1 writes a number of this size where there is no limit

# For each version of control groups: limit, usage, and in memory.stat what the kernel would give back at once.
FILES = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def free_memory(root: Path = Path("/")) -> int:
    """Bytes that are free, by the machine and by every control group (version 1 or 2) that this process is in."""
    import psutil

    free = int(psutil.virtual_memory().available)
    for folder, version in control_groups(root):
        room = room_in(folder, version)
        free = free if room is None else min(free, room)
    return free


def control_groups(root: Path) -> Iterator[tuple[Path, int]]:
    """The folders of the groups that limit this process's memory, from the innermost to the outermost."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "memory" not in controllers.split(","):
            continue
        mount = root / ("sys/fs/cgroup/memory" if controllers else "sys/fs/cgroup")
        inner = PurePosixPath(path.lstrip("/"))
        for part in (
            inner,
            *inner.parents,
        ):  # in a container the path may be that of the host: the root counts then
            yield mount / part, 1 if controllers else 2


def room_in(folder: Path, version: int) -> int | None:
    """Bytes below a group's limit; None where it has none."""
    limit_file, usage_file, reclaimable = FILES[version]
    try:
        limit = int((folder / limit_file).read_text())
        used = int((folder / usage_file).read_text())
    except (OSError, ValueError):  # no such group here, or "max"
        return None
    if limit >= UNLIMITED:
        return None
    try:
        stat = dict(line.split(maxsplit=1) for line in (folder / "memory.stat").read_text().splitlines())
        used -= int(stat.get(reclaimable, 0))
    except (OSError, ValueError):
        pass
    return max(0, limit - max(0, used))
