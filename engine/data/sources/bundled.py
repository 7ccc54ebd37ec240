"""Data sets that come with the package; their sources and licences stand in files/LICENSES.md."""

import re
from dataclasses import replace
from importlib.resources import files
from typing import ClassVar, Literal

import numpy as np

from engine.data.readers.npz import read_npz
from engine.data.sources.csv import Csv
from engine.data.sources.rows import Raw, RowSource
from engine.tasks import Classification

FOLDER = files("engine.data") / "files"


def origin(tag: str) -> list[tuple[str, str]]:
    """Where a data set that others made is from, and its licence, as LICENSES.md has it; empty for others."""
    for line in (FOLDER / "LICENSES.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        names = re.findall("`([^`]+)`", cells[0])
        if len(cells) == 4 and any(name == tag or re.match(rf"{tag}(\.|-\w+\.)", name) for name in names):
            return [("source", cells[2].replace("*", "").replace("`", "")), ("licence", cells[3])]
    return []


class BundledTable(RowSource, kw_only=True):
    """A table among the package's files; the last column is the target."""

    task: ClassVar[Literal["classification", "regression"]] = "classification"

    def load(self, rng: np.random.Generator) -> Raw:
        raw = Csv(path=str(FOLDER / f"{self.tag()}.csv.gz"), task=self.task).load(rng)
        return replace(raw, notes=())  # nothing about them is the user's to decide


class Iris(BundledTable, tag="iris", kw_only=True):
    """150 irises of 3 species by the length and width of sepals and petals (Fisher 1936)."""


class Wine(BundledTable, tag="wine", kw_only=True):
    """178 wines of 3 cultivars by 13 chemical measurements (Aeberhard & Forina 1992)."""


class BreastCancer(BundledTable, tag="breast-cancer", kw_only=True):
    """569 tumours, malignant or benign, by 30 measurements of their cells' nuclei (Wolberg et al. 1993)."""


class Diabetes(BundledTable, tag="diabetes", kw_only=True):
    """442 patients by 10 measurements; how far diabetes has progressed a year later (Efron et al. 2004)."""

    task: ClassVar[Literal["classification", "regression"]] = "regression"


class Digits(RowSource, tag="digits", kw_only=True):
    """1,797 handwritten digits as 8 × 8 grey images with values from 0 to 16 (Alpaydin & Kaynak 1998)."""

    def load(self, rng: np.random.Generator) -> Raw:
        arrays = read_npz(str(FOLDER / "digits.npz"))
        x, y = arrays["x"].astype(np.float64), arrays["y"].astype(np.float64)[:, None]
        return Raw(Classification(), x, y, tuple("0123456789"), targets=("digit",), white=16.0)
