"""What an error says of a name that is not known."""

from engine.errors import did_you_mean


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
