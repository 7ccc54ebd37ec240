"""Writes the bundled data sets to engine/data/files from scikit-learn's copies: python tools/make_bundled_data.py"""

import csv
import gzip
import io
from pathlib import Path

import numpy as np
from sklearn import datasets

FOLDER = Path(__file__).parents[1] / "engine" / "data" / "files"


def write_gzip(path: Path, content: bytes) -> None:
    with open(path, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
        file.write(content)


def table(name: str, target: str, **options: object) -> None:
    bunch = getattr(datasets, f"load_{name}")(**options)
    features = [f.removesuffix(" (cm)").replace(" ", "_") for f in bunch.feature_names]
    labels = getattr(bunch, "target_names", None)
    values = (
        [str(labels[t]) for t in bunch.target] if labels is not None else [f"{t:g}" for t in bunch.target]
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*features, target])
    for row, value in zip(bunch.data, values, strict=True):
        writer.writerow([*(repr(float(v)).removesuffix(".0") for v in row), value])
    write_gzip(FOLDER / f"{name.replace('_', '-')}.csv.gz", text.getvalue().encode())


def digits() -> None:
    bunch = datasets.load_digits()
    content = io.BytesIO()
    np.savez_compressed(content, x=bunch.images[..., None].astype(np.uint8), y=bunch.target.astype(np.uint8))
    (FOLDER / "digits.npz").write_bytes(content.getvalue())


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    table("iris", "species")
    table("wine", "cultivar")
    table("breast_cancer", "diagnosis")
    table("diabetes", "progression", scaled=False)
    digits()
