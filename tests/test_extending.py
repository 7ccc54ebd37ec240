"""docs/extending.md: its package is built as the page says, installed, and everything in it is used."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "extending.md"
BLOCK = re.compile(r"```(?:python|toml)\n# (\S+)\n(.*?)```", re.S)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with the page's files, and what an installer writes of their entry points."""
    place = tmp_path_factory.mktemp("extending")
    for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        path = place / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (place / "my_lab" / "__init__.py").touch()
    project = tomllib.loads((place / "pyproject.toml").read_text())["project"]
    info = place / f"my_lab-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: my-lab\nVersion: {project['version']}\n")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in points.items())])
        for group, points in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups))
    return place


def python(place: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Python with the package on its path, as after `pip install`."""
    environment = os.environ | {"PYTHONPATH": f"{place}{os.pathsep}{ROOT}"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=place, env=environment, capture_output=True, text=True, timeout=200
    )


def lab(place: Path, *arguments: str) -> str:
    done = python(place, "-m", "tui_lab", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_shows_one_of_each(place):
    files = {path.stem for path in (place / "my_lab").glob("*.py")}
    assert files == {"__init__", "layers", "optimizers", "losses", "metrics", "sources", "views", "commands"}


def test_its_layer_optimizer_and_metric_train_from_toml_and_its_command_reads_the_run(place):
    lines = [json.loads(line) for line in lab(place, "train", "moons.toml", "--json").splitlines()]
    assert lines[-1]["test"]["matthews"] > 0.5
    assert "roc_auc" not in lines[-1]["test"]
    assert "layer_scale2.gain" in lab(place, "norms", "last")


def test_its_source_opens_its_files_for_training_and_predicting(place):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    np.savetxt(place / "my.dat", np.column_stack([x, x @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=200)]))
    out = lab(place, "train", "my.dat", "--set", "loss.name=log_cosh", "--epochs", "30", "--json")
    end = json.loads(out.splitlines()[-1])
    assert end["test"]["r2"] > 0.5
    np.savetxt(place / "new.dat", x[:4])
    assert len(lab(place, "predict", "last", "--input", "new.dat").splitlines()) == 5


def test_everything_is_listed_like_the_components_that_come_along(place):
    out = lab(place, "reference")
    for name in ("layer_scale", "signum", "log_cosh", "matthews", "blanks"):
        assert f"  {name} " in out
    assert "norms" in lab(place, "--help")


CHECKS = """
import numpy as np
from engine.component import members
from engine.losses import Loss
from engine.metrics import Metric
from engine.layers import Layer
from helpers.rigs import LayerRig, LossRig

rng = np.random.default_rng(0)
loss = members(Loss)["log_cosh"]()
z, t = rng.normal(size=(6, 2)), rng.normal(size=(6, 2))
rig = LossRig(loss, 2, t)
assert rig.gradient_error(z) < 1e-6
assert abs(rig.value(z)[0] - loss.values(z, t).mean()) < 1e-12
rows = rng.normal(size=(5, 3))
assert LayerRig([members(Layer)["layer_scale"](first=0.5)], rows.shape).gradient_error(rows) < 1e-6
from sklearn.metrics import matthews_corrcoef
scores, true = rng.normal(size=(40, 3)), rng.integers(0, 3, (40, 1))
ours = members(Metric)["matthews"]().measure(scores, true)
assert abs(ours - matthews_corrcoef(true[:, 0], scores.argmax(axis=1))) < 1e-12
assert members(Metric)["matthews"]().measure(np.eye(3)[[0, 0]], np.zeros((2, 1))) is None
"""


def test_its_gradients_are_the_slopes_of_its_values(place):
    done = python(place, "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r})\n{CHECKS}")
    assert done.returncode == 0, done.stderr


VIEW = """
from engine.data import prepare
from engine.experiment import experiment_from, read_toml
from engine.probes.probe import suited
from engine.probes.subject import Subject
from engine.trainer import Trainer
from pathlib import Path
from tui_lab.charts.palette import ChartStyle
from tui_lab.tui.views import Choices, kinds, views_of

kinds()
experiment = experiment_from(read_toml(Path("moons.toml")))
trainer = Trainer(experiment, prepare(experiment.data, 1))
trainer.start()
trainer.advance()
subject = Subject(trainer)
view = next(v for v in views_of(suited(subject)) if v.title == "WEIGHT SIZES")
result = view.request(Choices(), 10, 40).take(subject)
assert result[0][1] > 0
print(view.paint(result, 10, 40, ChartStyle(), Choices()).to_text())
"""


def test_its_view_paints_what_its_probe_sees(place):
    done = python(place, "-c", VIEW)
    assert done.returncode == 0, done.stderr
    assert "layer_scale2.gain 0.5" in done.stdout


def test_a_plugin_that_cannot_be_loaded_is_named_in_one_line(place, tmp_path):
    broken = tmp_path / "broken-1.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (broken / "entry_points.txt").write_text("[tui_lab.components]\nbad = not_there_at_all\n")
    done = python(tmp_path, "-m", "tui_lab", "reference", "adam")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "tui-lab: plugin bad (not_there_at_all) cannot be loaded: ModuleNotFoundError"
    )
