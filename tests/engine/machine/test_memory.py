from itertools import pairwise

import numpy as np
import pytest

from engine.machine.memory import ALIGNMENT, Area, Memory


def area(guarded: bool = False) -> Area:
    area = Area("work", np.dtype("float32"), guarded=guarded)
    area.tensor("a", (3, 5))
    area.tensor("b", (1,))
    area.tensor("c", (16, 2))
    area.allocate()
    return area


def test_tensors_are_zero_aligned_and_do_not_overlap():
    tensors = list(area().tensors.values())
    assert all(t.address % ALIGNMENT == 0 for t in tensors)
    assert all((t.array == 0).all() for t in tensors)
    for first, second in pairwise(tensors):
        assert first.offset + first.size <= second.offset


def test_a_view_writes_into_the_flat_array():
    work = area()
    work.tensors["a"].array[2, 4] = 7
    assert work.array[14] == 7
    assert work.tensors["a"].rows(2, 3).reshaped((5,)).array[4] == 7


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="has a tensor 'a' already"):
        area().tensor("a", (1,))


def test_an_area_of_the_same_layout_has_the_same_offsets():
    twin = area().like("m")
    assert {n: t.offset for n, t in twin.tensors.items()} == {n: t.offset for n, t in area().tensors.items()}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_a_stray_write_damages_the_guard_behind_its_tensor(dtype):
    guarded = Area("work", np.dtype(dtype), guarded=True)
    first = guarded.tensor("first", (3,))
    guarded.tensor("second", (16,))
    guarded.allocate()
    assert guarded.damaged_guards() == []
    guarded.array[first.offset + first.size] = 0
    assert guarded.damaged_guards() == ["first"]


def test_a_guard_read_as_a_float_is_not_a_number():
    guarded = area(guarded=True)
    assert np.isnan(guarded.array[15])


def test_memory_finds_a_tensor_by_name_and_adds_up_its_bytes():
    memory = Memory("float64")
    memory.area("parameters").tensor("w", (2, 2))
    memory.area("clock", np.int64).tensor("clock", (8,))
    memory.allocate()
    assert memory["w"].dtype == np.float64
    assert memory["clock"].dtype == np.int64
    assert memory.bytes == 64 + 64
    with pytest.raises(KeyError):
        memory["absent"]


def test_an_array_that_exists_is_held_without_a_copy():
    data = np.arange(6, dtype=np.float32).reshape(3, 2)
    tensor = Memory("float32").hold("data", data)
    assert tensor.address == data.ctypes.data
    assert tensor.array.shape == (3, 2)


def test_a_stray_write_before_the_first_tensor_damages_the_guard_in_front():
    guarded = area(guarded=True)
    assert guarded._front is not None
    guarded._front[-1] = 0
    assert guarded.damaged_guards() == ["(before a)"]


def test_between_two_tensors_stands_at_least_one_line_of_guard_words():
    guarded = area(guarded=True)
    assert list(guarded.ends) == [t.offset + t.size for t in guarded.tensors.values()]
    assert all((start - end) * 4 >= ALIGNMENT for end, start in guarded.ends.items())


def test_checked_mode_guards_every_memory(monkeypatch):
    monkeypatch.setenv("TUI_LAB_CHECK", "1")
    assert Memory("float32").area("work").guarded
    monkeypatch.setenv("TUI_LAB_CHECK", "0")
    assert not Memory("float32").area("work").guarded
