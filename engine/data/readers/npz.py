"""Arrays of the user: NPZ archives, read whole and checked."""

import numpy as np

from engine.errors import InputError, did_you_mean


def read_npz(path: str) -> dict[str, np.ndarray]:
    """The arrays of an .npz file. Raises InputError where it is none, or would need pickle."""
    try:
        with open(path, "rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise InputError(f"{path}: is a single array; expected an .npz file with x and y")
            return {name: archive[name] for name in archive.files}
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception as error:  # zipfile, zlib and NumPy raise many kinds for a damaged file
        # NumPy's own sentence advises to allow pickle, which would run whatever the file says.
        pickled = "pickle" in str(error)
        reason = "it holds Python objects, expected arrays of numbers" if pickled else "it is damaged"
        raise InputError(f"{path}: is not a readable .npz file: {reason}") from None


def pick(arrays: dict[str, np.ndarray], name: str, usual: tuple[str, ...], path: str) -> np.ndarray:
    """The array of that name, or the first of the usual names. Raises InputError where it is absent or empty."""
    for candidate in (name,) if name else usual:
        if candidate in arrays:
            if not arrays[candidate].ndim or not arrays[candidate].size:
                raise InputError(f"{path}: the array {candidate!r} is empty")
            return arrays[candidate]
    wanted = repr(name) if name else " or ".join(usual)
    raise InputError(f"{path}: has no array {wanted}; {did_you_mean(name or usual[0], arrays)}")


def numeric(array: np.ndarray, name: str, path: str) -> np.ndarray:
    """An array (R, …) in float64, (R,) as (R, 1). Raises InputError for text and for infinite values."""
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path}: the array {name!r} holds {array.dtype}, expected numbers")
    array = array.astype(np.float64)
    if np.isinf(array).any():
        raise InputError(f"{path}: the array {name!r} holds values that are not finite")
    return array if array.ndim > 1 else array[:, None]


def check_complete(y: np.ndarray, name: str, path: str) -> None:
    """Raise InputError where a target of y (R, K) is missing, or is neither number nor text."""
    if y.dtype.kind not in "fiubUS":
        raise InputError(f"{path}: the array {name!r} holds {y.dtype}, expected numbers or text")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        row = int(np.argwhere(~np.isfinite(y))[0][0])
        raise InputError(f"{path}: row {row + 1} of the array {name!r}: {y[row].tolist()} is not finite")


def labels_of(y: np.ndarray) -> list[str]:
    """The names of the classes in y (R,): whole numbers without a point, text as it is."""
    if y.dtype.kind == "S":
        return [cell.decode("utf-8", "replace") for cell in y.tolist()]
    if y.dtype.kind == "f" and (y == np.round(y)).all():
        return [f"{value:.0f}" for value in y.tolist()]
    return [str(value) for value in y.tolist()]
