"""Vocabulary: the tokens of a text, and the way from text to their numbers and back."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from engine.errors import InputError

Tokens = Literal["character", "byte"]
MOST_CHARACTERS = 4096
END = "\n"  # ends a line; and stands in front of the first one


@dataclass(frozen=True)
class Vocabulary:
    """Token numbers are places in `tokens`: characters, or the 256 bytes of UTF-8 as the characters of Latin-1."""

    kind: Tokens
    tokens: tuple[str, ...]

    @classmethod
    def of(cls, text: str, kind: Tokens, where: str) -> "Vocabulary":
        """The vocabulary of a text: its characters in their order, the line's end among them, or all bytes."""
        if kind == "byte":
            return cls(kind, tuple(map(chr, range(256))))
        characters = sorted({*text, END})
        if len(characters) > MOST_CHARACTERS:
            raise InputError(
                f"{where}: the text has {len(characters):,} different characters, at most {MOST_CHARACTERS:,} can be "
                'told apart; use tokens = "byte"'
            )
        return cls(kind, tuple(characters))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens)}

    @property
    def end(self) -> int:
        return self._numbers[END]

    def encode(self, text: str, where: str = "the text") -> np.ndarray:
        """Token numbers (L,) int32. Raises InputError with the characters that are not in the vocabulary."""
        if self.kind == "byte":
            return np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8).astype(np.int32)
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        table = np.full(max(int(codes.max(initial=0)), max(map(ord, self.tokens))) + 1, -1, np.int32)
        table[[ord(token) for token in self.tokens]] = np.arange(len(self.tokens))
        numbers = table[codes]
        if (numbers < 0).any():
            unknown = sorted({chr(code) for code in codes[numbers < 0].tolist()})
            listed = " ".join(map(repr, unknown[:8])) + (" …" if len(unknown) > 8 else "")
            raise InputError(f"{where} has characters that the model never saw: {listed}")
        return numbers

    def decode(self, numbers: np.ndarray) -> str:
        """Text of token numbers (L,); bytes that are no UTF-8 become the replacement character."""
        text = "".join(self.tokens[number] for number in np.asarray(numbers, int).tolist())
        return text.encode("latin-1").decode("utf-8", "replace") if self.kind == "byte" else text
