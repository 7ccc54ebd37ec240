"""Checkpoints: what was written is read back, and no flipped byte goes unseen."""

import random
import re

import numpy as np
import pytest

from engine.errors import InputError
from engine.runs import Checkpoint, Progress
from helpers.training import small


def checkpoint(**changes) -> Checkpoint:
    arrays = {
        "dense1.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "clock/clock": np.arange(8),
        "best/dense1.weight": np.full((2, 3), 7, np.float32),
    }
    values = {
        "step": 40,
        "experiment": small(),
        "arrays": arrays,
        "data": "abc",
        "pipeline": {"task": "regression"},
        "io": {"input_shape": [2]},
        "progress": Progress(best_value=0.5, edits=3),
        "versions": {"numpy": "2"},
    }
    return Checkpoint(**values | changes)


def test_what_is_written_is_read_back(tmp_path):
    path, written = tmp_path / "step-40.safetensors", checkpoint()
    written.write(path)
    read = Checkpoint.read(path)
    assert read.arrays.keys() == written.arrays.keys()
    for name, array in written.arrays.items():
        assert (read.arrays[name] == array).all()
        assert read.arrays[name].dtype == array.dtype
    assert (read.step, read.experiment, read.progress) == (40, small(), Progress(best_value=0.5, edits=3))
    assert read.pipeline == {"task": "regression"}
    assert (read.best["dense1.weight"] == 7).all()
    assert list(tmp_path.iterdir()) == [path]


def test_two_equal_checkpoints_are_the_same_bytes_whatever_the_order_of_their_arrays(tmp_path):
    one, two = checkpoint(), checkpoint()
    two = checkpoint(arrays=dict(reversed(one.arrays.items())))
    one.write(tmp_path / "one")
    two.write(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_every_flipped_or_missing_byte_is_seen_or_changes_nothing(tmp_path):
    path, written = tmp_path / "file", checkpoint()
    written.write(path)
    good = path.read_bytes()
    rng = random.Random(1)
    places = [rng.randrange(len(good)) for _ in range(300)]
    refused = 0
    for place in places:
        path.write_bytes(good[:place] + bytes([good[place] ^ (1 << rng.randrange(8))]) + good[place + 1 :])
        try:
            read = Checkpoint.read(path)
        except InputError as error:
            refused += 1
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
            continue
        assert read.experiment == written.experiment
        assert all((read.arrays[n] == a).all() for n, a in written.arrays.items())
    assert refused > 290
    for length in (0, 1, 7, 8, 100, len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(InputError, match=re.escape(str(path))):
            Checkpoint.read(path)


def test_a_file_of_another_program_and_a_missing_one_are_told(tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(2, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="is not a checkpoint of tui-lab"):
        Checkpoint.read(tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="there is no such checkpoint"):
        Checkpoint.read(tmp_path / "absent.safetensors")


def test_counters_that_no_run_can_reach_are_refused(tmp_path):
    path = tmp_path / "file"
    checkpoint(progress=Progress(best_step=10**13)).write(path)
    with pytest.raises(InputError, match="the checkpoint is damaged"):
        Checkpoint.read(path)
