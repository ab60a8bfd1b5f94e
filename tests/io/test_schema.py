"""Names in the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsim.io import schema

any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
def test_a_label_comes_back_from_its_name(label):
    assert schema.unescape(schema.escape(label)) == label


@given(any_text)
def test_a_name_has_nothing_that_means_something_in_a_path(label):
    name = schema.escape(label)
    assert name
    assert name.isascii()
    assert not set(name) & set("/.~\0")


@given(st.lists(st.sampled_from(["a", "a~2", "", "b", "a/b"])))
def test_equal_labels_get_different_names_with_the_same_label(labels):
    names = schema.distinct([schema.escape(label) for label in labels])
    assert len(set(names)) == len(labels)
    assert [schema.unescape(name) for name in names] == labels


@pytest.mark.parametrize("variable", ["gsyn_exc", "soma.v", "a/b"])
def test_reports_that_sonata_does_not_look_for_lie_by_their_variable(variable):
    home, name, population = schema.report_path("exc", variable, "v").split("/")
    assert (home, population) == ("reports", "exc")
    assert schema.unescape(name) == variable
