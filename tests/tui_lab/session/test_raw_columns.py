"""The columns of a table before preprocessing."""

import presets
from engine.experiment import experiment_from
from tui_lab.session.raw_columns import columns_before


def test_columns_are_told_as_they_stand_in_the_file(tmp_path):
    path = tmp_path / "mine.csv"
    rows = ["1,red,10", ",blue,20", "3,red,30", "5,green,40", "7,red,50", "9,blue,60"] * 3
    path.write_text("size,color,price\n" + "\n".join(rows) + "\n")
    experiment = experiment_from(presets.find(str(path))[1])
    size, color = columns_before(experiment.data, 1, 100)
    assert (size["name"], size["missing"], size["categories"]) == ("size", 3, 0)
    assert size["stats"].tolist()[2:] == [1, 9]
    assert (color["name"], color["categories"]) == ("color", 3)
    assert "stats" not in color


def test_other_data_than_tables_have_no_columns():
    assert columns_before(experiment_from(presets.load("digits-mlp")).data, 1, 100) == []
    spiral = experiment_from(presets.load("spiral")).data
    assert columns_before(spiral, 1, 10**9) == [], "so large a table is not read twice"
