"""Numba's disk cache with a digest in front of every file: a damaged one is dropped and compiled again."""

import hashlib
import io
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from numba.core.caching import FunctionCache, IndexDataCacheFile

from engine.machine.cache import cache_folder, complain

SEAL = hashlib.sha256().digest_size


def unsealed(path: str) -> bytes | None:
    """What a file of the cache holds; None where it is missing or damaged."""
    try:
        content = Path(path).read_bytes()
    except OSError:
        return None
    seal, content = content[:SEAL], content[SEAL:]
    return content if hashlib.sha256(content).digest() == seal else None


class SealedFile(IndexDataCacheFile):
    def _load_index(self):
        content = unsealed(self._index_path)
        if content is None:
            return {}
        file = io.BytesIO(content)
        if pickle.load(file) != self._version:
            return {}
        stamp, overloads = pickle.loads(file.read())
        return overloads if stamp == self._source_stamp else {}

    def _load_data(self, name):
        content = unsealed(self._data_path(name))
        return None if content is None else pickle.loads(content)

    @contextmanager
    def _open_for_write(self, filepath) -> Iterator[io.BytesIO]:
        buffer = io.BytesIO()
        yield buffer
        content = buffer.getvalue()
        with super()._open_for_write(filepath) as file:
            file.write(hashlib.sha256(content).digest() + content)


class Locator:
    """Where the cache of a function stands: in our folder, whether that can be written or not."""

    def __init__(self, function, path: str) -> None:
        self.line, self.source = function.__code__.co_firstlineno, Path(path)

    @classmethod
    def from_function(cls, function, path: str) -> "Locator":
        return cls(function, path)

    def get_cache_path(self) -> str:
        parent = hashlib.sha256(str(self.source.parent).encode()).hexdigest()[:12]
        return str(cache_folder() / f"{self.source.parent.name}_{parent}")

    def get_source_stamp(self) -> str:
        return hashlib.sha256(self.source.read_bytes()).hexdigest()

    def get_disambiguator(self) -> str:
        return str(self.line)

    def ensure_cache_path(self) -> None:
        Path(self.get_cache_path()).mkdir(parents=True, exist_ok=True)


class SealedImpl(FunctionCache._impl_class):
    _locator_classes = [Locator]


class SealedCache(FunctionCache):
    """The cache of one function; what cannot be read is compiled again, what cannot be written stays in memory."""

    _impl_class = SealedImpl

    def __init__(self, function) -> None:
        super().__init__(function)
        file = self._cache_file
        self._cache_file = SealedFile(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=file._source_stamp,
        )

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except (
            Exception
        ):  # whatever a file that was not ours makes of itself: compiling again is always right
            return None

    def save_overload(self, sig, data) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            complain("cannot be written", error)
