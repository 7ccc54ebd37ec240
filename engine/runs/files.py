"""Writing so that a reader, a kill or a full disk never meets half a file."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from engine.errors import InputError, LabError, StorageError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # the place is right, the medium is not


def write_whole(path: Path, content: bytes) -> None:
    """Temporary file, fsync, rename: a reader sees the old file or the new one, never a part.

    Raises StorageError on a full disk, InputError where nobody may write.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        remove(temporary)
        raise cannot_write(path, error) from None


def append_lines(path: Path, content: bytes) -> None:
    """Append whole lines: where the disk is full in the middle of one, what was written of it is taken back.

    A line that a kill cut off before is ended first, so that only it is lost.
    """
    try:
        with open(path, "ab+") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":
                    content = b"\n" + content
            try:
                file.write(content)
                file.flush()
            except OSError:
                os.ftruncate(file.fileno(), end)
                raise
    except OSError as error:
        raise cannot_write(path, error) from None


def remove(path: Path) -> None:
    """Remove a file if it is there and may be removed."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> LabError:
    """What a failed write means: a full disk ends no training, a place that is not ours was a wrong choice."""
    if error.errno in FULL:
        return StorageError(f"{path}: {(error.strerror or 'cannot be written').lower()}")
    return InputError(f"{path}: cannot be written: {error.strerror}")
