"""What an error says of a name that is not known, and of one that a terminal would obey."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError, did_you_mean, escaped


def test_the_nearest_name_is_named_or_all_are():
    assert did_you_mean("adma", ["sgd", "adam"]) == "did you mean 'adam'?"
    assert did_you_mean("xyz", ["sgd", "adam"]) == "known: adam, sgd"
    assert did_you_mean("xyz", []) == "there are none"


def test_of_very_many_names_the_first_are_named_and_the_others_counted():
    names = [f"pixel{i:04}" for i in range(784)]
    text = did_you_mean("class", names)
    assert text.startswith("known: pixel0000, pixel0001, ")
    assert text.endswith(" pixel0023 and 760 more")
    few = [f"pixel{i:04}" for i in range(27)]
    assert did_you_mean("class", few).endswith(" pixel0026")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain · text – ü", "plain · text – ü"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("turned \u202e round", "turned \\u202e round"),
        ("not\udcff UTF-8\x00", "not\\udcff UTF-8\\x00"),
        ("two\nlines", "two\\nlines"),
    ],
)
def test_what_a_terminal_would_obey_or_not_show_is_written_out_in_every_error(text, shown):
    assert escaped(text) == shown
    assert str(InputError(text)) == shown
    shown.encode()


@given(st.text())
def test_escaped_text_is_printable_and_plain_text_stays(text):
    assert escaped(text).isprintable()
    assert escaped(escaped(text)) == escaped(text)
