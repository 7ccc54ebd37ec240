"""The memory check knows a container's limit, and not only what the machine has free."""

from pathlib import Path

import psutil
import pytest

from engine.errors import InputError
from engine.machine import limits
from engine.machine.memory import Memory

MB = 2**20


def group(root: Path, place: str, files: dict[str, str]) -> None:
    folder = root / place
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content)


def version_2(root: Path, limit: str, used: int, place: str = "", path: str = "/") -> None:
    group(root, "proc/self", {"cgroup": f"0::{path}\n"})
    stat = f"anon {used}\ninactive_file {2 * MB}\n"
    files = {"memory.max": f"{limit}\n", "memory.current": f"{used}\n", "memory.stat": stat}
    group(root, f"sys/fs/cgroup/{place}", files)


def test_a_limit_of_version_2_counts_less_what_is_used_and_cannot_be_given_back(tmp_path):
    version_2(tmp_path, str(100 * MB), 30 * MB)
    assert limits.free_memory(tmp_path) == 72 * MB


def test_a_limit_of_an_outer_group_counts_too(tmp_path):
    version_2(tmp_path, "max", 30 * MB, "user/app", "/user/app")
    version_2(tmp_path, str(50 * MB), 40 * MB, "user", "/user/app")
    assert limits.free_memory(tmp_path) == 12 * MB


def test_a_limit_of_version_1_counts(tmp_path):
    group(
        tmp_path, "proc/self", {"cgroup": "5:cpu:/docker/x\n4:memory:/docker/x\n1:name=systemd:/docker/x\n"}
    )
    files = {"memory.limit_in_bytes": f"{64 * MB}", "memory.usage_in_bytes": f"{24 * MB}"}
    group(tmp_path, "sys/fs/cgroup/memory", files)  # in the container the host's path is not there
    assert limits.free_memory(tmp_path) == 40 * MB


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096), "nonsense", ""])
def test_without_a_limit_the_machine_counts(tmp_path, limit):
    version_2(tmp_path, limit, 30 * MB)
    assert abs(limits.free_memory(tmp_path) - psutil.virtual_memory().available) < 2**32
    assert limits.free_memory(tmp_path / "empty") > 0


def test_a_network_that_does_not_fit_into_the_container_is_refused(monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: 10 * MB)
    memory = Memory("float32")
    memory.area("parameters").tensor("weight", (2500, 1000))
    with pytest.raises(InputError, match="too large for memory: it needs 0.0 GiB"):
        memory.allocate()
