"""Columns as people write them: what each kind is taken for, what is told, and how to decide otherwise."""

import io

import numpy as np
import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.component import build
from engine.data import Dataset, Source, new_rows, prepare
from engine.errors import InputError

ROWS = 60
WIDTHS = [f"{(i * 37 % 100) / 10:.1f}" for i in range(ROWS)]
KINDS = ["yes" if i % 3 else "no" for i in range(ROWS)]


def table(path, columns: dict[str, list[str]], separator=",", **fields) -> Source:
    """A file of these columns, cells quoted where they hold the separator."""

    def quoted(cell: str) -> str:
        return f'"{cell}"' if separator in cell or "\n" in cell else cell

    lines = [columns.keys(), *zip(*columns.values(), strict=True)]
    path.write_text("\n".join(separator.join(map(quoted, line)) for line in lines), encoding="utf-8")
    return build(Source, {"source": "csv", "path": str(path), **fields}, "data")


def with_column(path, cells: list[str], separator=",", **fields) -> Source:
    return table(path, {"it": cells, "width": WIDTHS, "kind": KINDS}, separator, **fields)


def raw_column(source: Source) -> np.ndarray:
    raw = source.raw(1)
    return raw.x[:, raw.features.index("it")]


def told(source: Source, column="it") -> list[str]:
    return [str(note) for note in prepare(source, 1).notes if note.column == column]


NUMBERS = [round((i * 7919 % 10007 - 5000) * 1.25, 2) for i in range(ROWS)]
WRITTEN = {
    "thousands": (lambda v: f"{v:,.2f}", ","),
    "thousands between semicolons": (lambda v: f"{v:,.2f}", ";"),
    "decimal commas": (lambda v: f"{v:.2f}".replace(".", ","), ";"),
    "decimal commas in quotes": (lambda v: f"{v:.2f}".replace(".", ","), ","),
    "points for thousands": (lambda v: f"{v:,.2f}".translate(str.maketrans(",.", ".,")), ";"),
    "blanks for thousands": (lambda v: f"{v:,.2f}".replace(",", " ").replace(".", ","), "\t"),
    "no-break spaces": (lambda v: f"{v:,.2f}".replace(",", "\u202f"), ","),
    "apostrophes": (lambda v: f"{v:,.2f}".replace(",", "’"), ","),
    "dollars": (lambda v: f"{'-' if v < 0 else ''}${abs(v):,.2f}", ","),
    "euros behind": (lambda v: f"{v:.2f} €", ","),
    "a code before": (lambda v: f"EUR {v:.2f}", ","),
    "percent": (lambda v: f"{v:.2f}%", ","),
    "percent with a blank": (lambda v: f"{v:.2f} %", ","),
    "a measure": (lambda v: f"{v:.2f} kg", ","),
    "a typographic minus": (lambda v: f"{v:.2f}".replace("-", "−"), ","),
    "accountants' parentheses": (lambda v: f"({-v:,.2f})" if v < 0 else f"{v:,.2f}", ","),
    "a plus": (lambda v: f"{v:+.2f}", ","),
    "exponents": (lambda v: f"{v:.6e}", ","),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_number_is_the_same_however_it_is_written(tmp_path, kind):
    write, separator = WRITTEN[kind]
    source = with_column(tmp_path / "a.csv", [write(v) for v in NUMBERS], separator)
    assert np.allclose(raw_column(source), NUMBERS, rtol=1e-6)
    dataset = prepare(source, 1)
    new = tmp_path / "new.csv"
    table(new, {"it": [write(1234.5), write(-2.25)], "width": ["1.5", "2.5"]}, separator)
    rows = new_rows(str(new), dataset.pipeline, dataset.input_shape, "float64")
    assert np.allclose(rows.x[:, 0], [1234.5, -2.25]), "new rows are read as those of training"


@pytest.mark.parametrize("kind", [kind for kind in WRITTEN if kind not in ("a plus", "exponents")])
def test_a_target_that_is_a_number_however_written_is_a_regression(tmp_path, kind):
    write, separator = WRITTEN[kind]
    source = table(tmp_path / "a.csv", {"width": WIDTHS, "it": [write(v) for v in NUMBERS]}, separator)
    dataset = prepare(source, 1)
    assert dataset.task.predicts_numbers
    assert np.isin(np.round(dataset.train.y.ravel(), 2), np.array(NUMBERS, "float32").round(2)).all()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.decimals(-(10**7), 10**7, places=2), min_size=12, max_size=40),
    style=st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", ","), ("", ".")]),
)
def test_pandas_reads_the_same_numbers_when_it_is_told_how(tmp_path, values, style):
    thousands, decimal = style
    cells = [f"{v:,.2f}".replace(",", "t").replace(".", decimal).replace("t", thousands) for v in values]
    kinds = ["yes" if i % 2 else "no" for i in range(len(cells))]
    source = table(tmp_path / "a.csv", {"it": cells, "kind": kinds}, ";", keep=["it"])
    text = (tmp_path / "a.csv").read_text()
    frame = pandas.read_csv(io.StringIO(text), sep=";", thousands=thousands or None, decimal=decimal)
    assert np.allclose(raw_column(source), frame["it"].to_numpy(float))


DAYS = pandas.date_range("2019-11-28", periods=ROWS, freq="53h")
FORMS = {
    "%Y-%m-%d": "D", "%Y/%m/%d": "D", "%d.%m.%Y": "D", "%m/%d/%Y": "D", "%d-%m-%Y": "D", "%Y%m%d": "D",
    "%Y-%m-%d %H:%M": "h", "%Y-%m-%dT%H:%M:%S": "h", "%Y-%m-%dT%H:%M:%SZ": "h", "%Y-%m-%d %H:%M:%S+00:00": "h",
    "%d %B %Y": "D", "%d-%b-%y": "D", "%b %d, %Y": "D", "%A, %d %B %Y": "D", "%m/%d/%Y %I:%M %p": "h",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_dates_are_what_pandas_takes_them_for(tmp_path, form):
    days = DAYS if FORMS[form] == "h" else DAYS.normalize()
    source = with_column(tmp_path / "a.csv", list(days.strftime(form)))
    raw = source.raw(1)
    x = dict(zip(raw.features, raw.x.T, strict=True))
    assert (x["it.year"] == days.year).all()
    assert (x["it.month"] == days.month).all()
    assert (x["it.weekday"] == days.day_of_week).all()
    elapsed = (days - pandas.Timestamp("2000-01-01")) / pandas.Timedelta("1D")
    assert np.allclose(x["it.elapsed"], elapsed)
    assert ("it.hour" in x) == (FORMS[form] == "h")


def test_days_and_months_that_cannot_be_told_apart_are_told_and_can_be_turned(tmp_path):
    cells = [f"0{i % 9 + 1}/0{i % 7 + 1}/2021" for i in range(ROWS)]
    source = with_column(tmp_path / "a.csv", cells)
    (note,) = told(source)
    assert "the month first, as far as can be told" in note
    assert "data.day_first = true" in note
    month = source.raw(1).features.index("it.month")
    assert source.raw(1).x[:3, month].tolist() == [1, 2, 3]
    turned = with_column(tmp_path / "a.csv", cells, day_first=True)
    assert turned.raw(1).x[8, month] == 2


def test_times_of_day_are_hours(tmp_path):
    source = with_column(tmp_path / "a.csv", [f"{i % 24}:{i % 4 * 15:02}" for i in range(ROWS)])
    raw = source.raw(1)
    assert raw.x[:3, raw.features.index("it.hour")].tolist() == [0, 1.25, 2.5]


@pytest.mark.parametrize(
    ("no", "yes"), [("false", "true"), ("No", "Yes"), ("N", "Y"), ("F", "T"), ("off", "on")]
)
def test_truth_values_are_one_column_of_0_and_1(tmp_path, no, yes):
    source = with_column(tmp_path / "a.csv", [yes if i % 5 else no for i in range(ROWS)])
    assert raw_column(source).tolist() == [float(i % 5 > 0) for i in range(ROWS)]


def test_numbers_that_are_kinds_can_be_taken_for_them(tmp_path):
    cells = [str(i % 3 + 1) for i in range(ROWS)]
    assert prepare(with_column(tmp_path / "a.csv", cells), 1).pipeline.columns[0] == "it"
    dataset = prepare(with_column(tmp_path / "a.csv", cells, categories=["it"]), 1)
    assert dataset.pipeline.columns[:3] == ("it=1", "it=2", "it=3")
    one = prepare(with_column(tmp_path / "a.csv", cells, categories="it"), 1)
    assert one.digest == dataset.digest, "one name needs no brackets"


LEFT_OUT = {
    "a constant": ([str(5)] * ROWS, "it", "has the same value in every row (5)"),
    "a constant text": (["same"] * ROWS, "it", "has the same value in every row ('same')"),
    "nothing": ([""] * ROWS, "it", "has no value in any row"),
    "ids of text": ([f"P{i:05}" for i in range(ROWS)], "it", "text with 60 different values in 60 rows"),
    "names": ([f"{a} {b}" for a in "ABCDEF" for b in "ghijklmnop"], "it", "text with 60 different values"),
    "ids by their name": (
        [str(i * 7 % 61 + 100) for i in range(ROWS)],
        "PassengerId",
        "is a number of its own",
    ),
    "an index by its name": ([str(i) for i in range(ROWS)], "Unnamed: 0", "counts the rows"),
    "one date": (["2021-03-04"] * ROWS, "it", "has the same date in every row"),
}


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_columns_that_tell_nothing_are_left_out_with_a_note(tmp_path, kind):
    cells, name, what = LEFT_OUT[kind]
    source = table(tmp_path / "a.csv", {name: cells, "width": WIDTHS, "kind": KINDS})
    dataset = prepare(source, 1)
    assert dataset.features == ("width",)
    (note,) = [note for note in dataset.notes if note.column == name]
    assert what in note.what
    assert note.done.startswith("left out")


def test_a_column_that_is_left_out_can_be_kept_and_any_can_be_ignored(tmp_path):
    cells = [f"P{i % 50:05}" for i in range(ROWS)]
    assert prepare(with_column(tmp_path / "a.csv", cells), 1).features == ("width",)
    assert prepare(with_column(tmp_path / "a.csv", cells, keep=["it"]), 1).features == ("it", "width")
    assert prepare(with_column(tmp_path / "a.csv", cells, use=["it"]), 1).features == ("it",)
    numbers = with_column(tmp_path / "a.csv", [str(v) for v in NUMBERS], ignore=["width"])
    assert prepare(numbers, 1).features == ("it",)
    with pytest.raises(
        InputError, match="data.ignore names 'widht', which is no column; did you mean 'width'"
    ):
        prepare(with_column(tmp_path / "a.csv", cells, ignore=["widht"]), 1)
    with pytest.raises(InputError, match="no column is left as an input"):
        prepare(with_column(tmp_path / "a.csv", cells, ignore=["width", "it"]), 1)


def test_a_column_that_only_counts_is_kept_where_its_name_says_what_it_counts(tmp_path):
    dataset = prepare(table(tmp_path / "a.csv", {"day": list(map(str, range(ROWS))), "kind": KINDS}), 1)
    assert dataset.features == ("day",)
    assert told(table(tmp_path / "a.csv", {"day": list(map(str, range(ROWS))), "kind": KINDS}), "day") == [
        'day: counts the rows; kept as an input (data.ignore = ["day"] leaves it out)'
    ]


@pytest.mark.parametrize(
    ("cells", "units"),
    [
        ([f"{v}%" if i % 2 else f"{v}" for i, v in enumerate(NUMBERS)], "none, '%'"),
        ([f"{'$€'[i % 2]}{abs(v)}" for i, v in enumerate(NUMBERS)], "'$', '€'"),
        ([f"{v} {('kg', 'lb')[i % 2]}" for i, v in enumerate(NUMBERS)], "'kg', 'lb'"),
    ],
)
def test_numbers_of_several_units_are_no_numbers_and_it_is_told(tmp_path, cells, units):
    (note,) = told(with_column(tmp_path / "a.csv", cells))
    assert f"numbers of several units: {units}" in note


def test_a_last_column_that_numbers_the_rows_is_not_the_target_unless_it_is_named(tmp_path):
    columns = {"width": WIDTHS, "kind": KINDS, "id": [str(i) for i in range(ROWS)]}
    dataset = prepare(table(tmp_path / "a.csv", columns), 1)
    assert (dataset.targets, dataset.features) == (("kind",), ("width",))
    assert any("'kind', is taken for the target" in note.done for note in dataset.notes)
    assert prepare(table(tmp_path / "a.csv", columns, target="id"), 1).targets == ("id",)


def test_an_index_without_a_name_is_left_out_even_where_its_rows_were_shuffled(tmp_path):
    order = np.random.default_rng(1).permutation(ROWS).astype(str).tolist()
    dataset = prepare(table(tmp_path / "a.csv", {"": order, "width": WIDTHS, "kind": KINDS}), 1)
    assert dataset.features == ("width",)


def test_the_target_itself_among_the_inputs_is_left_out(tmp_path):
    dataset = prepare(with_column(tmp_path / "a.csv", KINDS), 1)
    assert dataset.features == ("width",)
    assert any("is the target 'kind' itself" in note.what for note in dataset.notes)
    values = [str(v) for v in NUMBERS]
    twice = table(tmp_path / "b.csv", {"copy": values, "width": WIDTHS, "price": values})
    assert prepare(twice, 1).features == ("width",)


def test_a_column_that_stands_for_the_target_is_told_and_kept(tmp_path):
    source = with_column(tmp_path / "a.csv", ["1" if kind == "yes" else "2" for kind in KINDS])
    assert prepare(source, 1).features == ("it", "width")
    assert any("stands for the target 'kind' one to one" in note for note in told(source))


MARKS = ["NA", "None", "", "?", "n/a"]


@pytest.mark.parametrize("mark", MARKS)
def test_a_missing_cell_of_text_is_a_category_of_its_own(tmp_path, mark):
    cells = [mark if i % 4 == 0 else "Good" if i % 2 else "Fair" for i in range(ROWS)]
    dataset = prepare(with_column(tmp_path / "a.csv", cells), 1)
    word = mark or "(missing)"
    assert dataset.pipeline.columns[:3] == ("it=Fair", "it=Good", f"it={word}")
    assert any("taken for a category of its own" in note.done for note in dataset.notes)


def test_what_counts_as_missing_can_be_said(tmp_path):
    cells = ["unknown" if i == 7 else str(v) for i, v in enumerate(NUMBERS)]
    with pytest.raises(InputError, match="line 9, column 'it': 'unknown' is not a number"):
        prepare(with_column(tmp_path / "a.csv", cells), 1)
    source = with_column(tmp_path / "a.csv", cells, missing=["unknown"], preprocess=["missing"])
    assert np.isnan(raw_column(source)[7])
    assert np.isfinite(prepare(source, 1).train.x).all()


def target(path, cells: list[str], **fields) -> Dataset:
    return prepare(table(path, {"width": WIDTHS, "it": cells}, **fields), 1)


@pytest.mark.parametrize("word", ["None", "NA"])
def test_a_word_that_usually_means_nothing_may_be_a_class(tmp_path, word):
    cells = [("Minor", "Severe", word)[i % 3] for i in range(ROWS)]
    dataset = target(tmp_path / "a.csv", cells)
    assert set(dataset.classes) == {"Minor", "Severe", word}
    assert any(f"holds {word!r}" in note.what and note.done == "taken for a class" for note in dataset.notes)
    rest = target(tmp_path / "a.csv", cells, missing=["", word])
    assert rest.classes == ("Minor", "Severe")


@pytest.mark.parametrize("mark", ["", "?", "NaN", "null"])
def test_rows_without_a_target_are_left_out_and_told(tmp_path, mark):
    cells = [mark if i % 10 == 3 else kind for i, kind in enumerate(KINDS)]
    dataset = target(tmp_path / "a.csv", cells)
    assert sum(map(len, (dataset.train, dataset.val, dataset.test))) == ROWS - 6
    (note,) = [note for note in dataset.notes if "the target is missing" in note.what]
    assert "in 6 rows (first in line 5)" in note.what
    assert not mark or f"{mark!r} counts as missing" in note.what


def test_labels_that_differ_only_in_case_blanks_or_invisible_signs_are_one(tmp_path):
    spelled = ["Yes", "yes ", "YES", "Ye\u200bs", "No", "no"]
    cells = [spelled[i % 6] for i in range(ROWS)]
    dataset = target(tmp_path / "a.csv", cells)
    assert len(dataset.classes) == 2
    (note,) = [note for note in dataset.notes if "differ only in case" in note.what]
    assert "\\u200b" in str(note)
    assert note.how_otherwise == 'data.spelling = "exact" tells them apart'
    assert len(target(tmp_path / "a.csv", cells, spelling="exact").classes) == 6
    letters = [("a", "A", "b", "B")[i % 4] for i in range(ROWS)]
    assert len(target(tmp_path / "a.csv", letters).classes) == 4, "single letters differ by their case"


def test_whole_numbers_are_classes_or_quantities_and_it_is_told(tmp_path):
    def decided(kinds: int, **fields) -> tuple[str, list[str]]:
        dataset = target(tmp_path / "a.csv", [str(i % kinds) for i in range(ROWS)], **fields)
        return dataset.task.tag(), [note.how_otherwise for note in dataset.notes if note.column == "it"]

    assert decided(3) == ("classification", ['data.task = "regression" takes it for a quantity'])
    assert decided(21) == ("regression", ['data.task = "classification" takes it for classes'])
    assert decided(21, task="classification")[0] == "classification"
    assert decided(3, task="regression") == ("regression", [])


def test_rare_classes_imbalance_and_few_rows_are_told(tmp_path):
    cells = ["rare" if i in (5, 9) else "often" if i % 2 else "too" for i in range(ROWS)]
    notes = [str(note) for note in target(tmp_path / "a.csv", cells).notes]
    assert any("has classes with fewer than 5 rows: 'rare' (2)" in note for note in notes)
    assert any("is imbalanced" in note and 'loss.class_weights = "balanced"' in note for note in notes)
    few = table(tmp_path / "b.csv", {"width": WIDTHS[:20], "it": KINDS[:20]})
    assert any("there are 20 rows" in note.what for note in prepare(few, 1).notes)


def test_categories_that_no_training_row_has_are_unknown_and_told(tmp_path):
    cells = ["a" if i % 2 else "b" for i in range(ROWS)]
    dataset = prepare(with_column(tmp_path / "a.csv", cells), 1)
    assert dataset.pipeline.columns[:2] == ("it=a", "it=b")
    for row in range(ROWS):  # one of the rows lies outside training
        changed = [*cells[:row], "only here", *cells[row + 1 :]]
        source = with_column(tmp_path / "b.csv", changed)
        found = prepare(source, 1)
        if "it=only here" not in found.pipeline.columns:
            assert any("no training row has: 'only here' (1 rows)" in note for note in told(source))
            assert found.pipeline.columns[:2] == ("it=a", "it=b")
            return
    raise AssertionError("every row was a training row")
