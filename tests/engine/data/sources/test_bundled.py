import numpy as np
import pytest

from engine.component import members
from engine.data import Source, prepare
from engine.tasks import Classification

datasets = pytest.importorskip("sklearn.datasets")

LOADERS = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast-cancer": datasets.load_breast_cancer,
    "diabetes": lambda: datasets.load_diabetes(scaled=False),
}


def raw(name):
    return members(Source)[name]().load(np.random.default_rng(0))


@pytest.mark.parametrize("name", LOADERS)
def test_tables_are_those_of_scikit_learn(name):
    mine, theirs = raw(name), LOADERS[name]()
    np.testing.assert_allclose(mine.x, theirs.data, rtol=1e-15)  # some versions read one digit less
    if mine.task == Classification():
        names = [mine.classes[int(c)] for c in mine.y[:, 0]]
        assert names == [str(theirs.target_names[t]) for t in theirs.target]
    else:
        assert (mine.y[:, 0] == theirs.target).all()


def test_digits_are_those_of_scikit_learn_as_images():
    mine, theirs = raw("digits"), datasets.load_digits()
    assert (mine.x[..., 0] == theirs.images).all()
    assert (mine.y[:, 0] == theirs.target).all()
    assert prepare(members(Source)["digits"](), 1).input_shape == (8, 8, 1)


def test_every_bundled_file_has_its_source_and_licence():
    from engine.data.sources.bundled import FOLDER

    text = (FOLDER / "LICENSES.md").read_text()
    for file in FOLDER.iterdir():
        assert file.name == "LICENSES.md" or f"`{file.name}`" in text
