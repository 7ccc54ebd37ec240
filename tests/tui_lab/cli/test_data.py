"""data list and data show: what there is, whose it is, and what preprocessing makes of it."""

import json
from pathlib import Path

import pytest

import presets
from engine.component import members
from engine.data import Source, prepare
from engine.data.sources.bundled import FOLDER, origin
from engine.experiment import experiment_from
from helpers.command_line import lab, refused

TABLE = "size,color,price\n" + "".join(
    f"{i % 7}.5,{'red' if i % 3 else 'blue'},{'dear' if i % 2 else 'cheap'}\n" for i in range(40)
)


def shown(*arguments: object) -> str:
    outcome = lab("data", "show", *arguments)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out


def test_every_source_is_listed():
    names = [line.split()[0] for line in lab("data").out.splitlines()]
    ours = {tag for tag, cls in members(Source).items() if cls.__module__.startswith("engine.")}
    assert ours <= set(names)
    assert names.index("iris") < names.index("csv")


@pytest.mark.parametrize("name", ["iris", "digits", "names", "fashion-mnist", "movielens"])
def test_data_that_others_made_has_a_source_and_a_licence(name):
    (_, source), (_, licence) = origin(name)
    assert source
    assert licence


def test_every_bundled_file_has_a_licence():
    text = (FOLDER / "LICENSES.md").read_text(encoding="utf-8")
    for path in Path(str(FOLDER)).iterdir():
        assert path.suffix == ".md" or f"`{path.name}`" in text


def test_a_bundled_set_tells_its_licence_and_a_generated_one_has_none():
    assert "licence  CC BY 4.0" in shown("iris")
    assert "licence" not in shown("moons")


def test_a_table_is_shown_as_it_is_and_as_the_network_would_see_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(TABLE.replace("2.5,", "NA,"))
    text = shown(path)
    before, after = text.split("\nafter missing, one_hot, standardize (training rows)\n")
    lines = {line.split()[0]: line.split() for line in before.splitlines() if line}
    assert lines["column"] == ["column", "mean", "deviation", "least", "greatest", "missing"]
    assert lines["size"][3:] == ["0.5", "6.5", "6"]
    assert lines["color"][1:] == ["2", "kinds"]
    lines = {line.split()[0]: line.split() for line in after.splitlines()}
    assert lines["size"][1:3] == ["0", "1"]
    assert set(lines) == {"input", "size", "color=blue", "color=red"}


def test_the_data_of_a_preset_or_a_file_is_shown_with_its_own_steps(tmp_path):
    assert lab("presets", "copy", "iris", tmp_path / "mine.toml").code == 0
    assert "after standardize (training rows)" in shown(tmp_path / "mine.toml")
    text = shown("ratings")
    assert "known   300 users, 200 items" in text
    assert "rules   global_mean: rmse" in text
    assert "floor: rmse 0.2" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = 'x'", "a.toml: data is missing"),
        ("[data]\nsource = 'moons'\nnoies = 3", "a.toml: data.noies: unknown key; did you mean 'noise'?"),
    ],
)
def test_a_file_without_sound_data_is_refused(tmp_path, text, message):
    (tmp_path / "a.toml").write_text(text)
    assert message in refused("data", "show", str(tmp_path / "a.toml"))


IDS = "id,when,size,color\n" + "".join(
    f"P{i:03},2021-{i % 12 + 1:02}-03,{i % 7}.5,{'red' if i % 3 else 'blue'}\n" for i in range(40)
)


def test_show_says_what_each_column_is_taken_for_and_why(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(IDS)
    text = shown(path)
    assert "column  is" in text
    assert "id      left out  text of 40 kinds" in text
    assert "P000 · P001 · P002" in text
    assert "when    input     dates" in text
    assert "color   target    2 classes" in text
    assert "note: id: text with 40 different values in 40 rows; left out" in text


def test_show_takes_choices_before_the_file_is_judged(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(IDS)
    told = json.loads(shown(path, "--target", "size", "--task", "regression", "--ignore", "when", "--json"))
    assert told["task"] == "regression"
    assert told["inputs"] == ["color=blue", "color=red"]
    assert {c["name"]: c["role"] for c in told["columns"]} == {
        "id": "left out", "when": "left out", "size": "target", "color": "input",
    }  # fmt: skip
    assert told["notes"][0]["column"] == "id"


def test_fix_writes_a_file_that_gives_the_same_data_and_can_be_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text(IDS)
    assert "a.toml is yours" in shown("a.csv", "--fix")
    text = (tmp_path / "a.toml").read_text()
    assert "# note: id: text with 40 different values" in text
    assert 'target = "color"' in text
    data = [experiment_from(presets.find(name)[1]).data for name in ("a.csv", "a.toml")]
    assert prepare(data[0], 1).digest == prepare(data[1], 1).digest
    assert "is there already" in refused("data", "show", "a.csv", "--fix")
    assert "b.toml is yours" in shown("a.csv", "--fix", "--output", "b.toml")
    assert "--fix writes what was judged about the columns" in refused("data", "show", "moons", "--fix")


def test_list_is_json_or_whole_lines_where_it_is_piped():
    lines = lab("data", "list", "--json").lines
    ours = {tag for tag, cls in members(Source).items() if cls.__module__.startswith("engine.")}
    assert ours <= {line["name"] for line in lines}
    assert all(line["about"] for line in lines)
    assert not any(line.endswith("…") for line in lab("data", "list").out.splitlines())


def test_names_that_a_terminal_would_obey_are_written_out(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"{i % 5},{i % 7}.5," + ("r\x1b[0m" if i % 3 else "b") for i in range(40)]
    path.write_text("\n".join(["a\x1b[31m,size,color", *rows]))
    text = shown(path)
    assert "\x1b" not in text
    assert "a\\x1b[31m" in text
