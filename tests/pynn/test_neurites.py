"""Sections of morphologies that libraries have read, and what PyNN's filters select of them."""

from importlib.util import find_spec

import numpy as np
import pytest

from distsim.errors import NotAvailableError, ParameterError
from distsim.pynn import morphology
from distsim.pynn.neurites import Neurites, values_of

if not (find_spec("neuroml") and find_spec("morphio")):
    pytest.skip("needs libNeuroML and MorphIO", allow_module_level=True)

# number, type (soma, axon, basal and apical dendrite), place, radius, parent
SWC = """\
1 1 0 0 0 5 -1
2 1 0 5 0 5 1
3 1 0 -5 0 5 1
4 2 0 -30 0 1 3
5 3 40 0 0 2 1
6 3 60 20 0 1 5
7 3 60 -20 0 1 5
8 4 0 55 0 1.5 2
"""


@pytest.fixture
def path(tmp_path):
    """Return a file of a soma with an axon, a forked basal and an apical dendrite."""
    path = tmp_path / "cell.swc"
    path.write_text(SWC)
    return str(path)


def labels_of(neurites):
    return sorted({label for label, group in neurites.groups.items() if group.size} - {"all"})


def test_types_of_a_file_are_labels(path):
    neurites = Neurites(morphology.load_morphology(path, use_library="morphio"))
    assert labels_of(neurites) == ["apical_dendrite", "axon", "basal_dendrite", "soma"]
    assert neurites.sections[neurites.soma_index].label == "soma"
    assert neurites.groups["basal_dendrite"].size == 3
    (axon,) = neurites.groups["axon"].tolist()
    assert neurites.sections[axon].points[-1] == (0.0, -30.0, 0.0, 2.0)
    # the two ends of the fork begin where its stem ends
    ends = [k for k in neurites.groups["basal_dendrite"] if neurites.sections[k].points[-1][0] > 50]
    (stem,) = {neurites.sections[k].parent for k in ends}
    assert neurites.sections[stem].points[-1][:2] == (40.0, 0.0)
    assert neurites.sections[ends[0]].length == pytest.approx(np.hypot(20.0, 20.0))
    assert neurites.distance(ends[0]) == pytest.approx(
        neurites.distance(stem) + neurites.sections[stem].length
    )


@pytest.mark.filterwarnings("ignore:This method/class is deprecated:FutureWarning")
def test_morphologies_of_vertices_are_refused(path):
    with pytest.raises(NotAvailableError, match=r"use_library='morphio'"):
        Neurites(morphology.load_morphology(path))
    with pytest.raises(ParameterError, match=r"morphology = 'x' .* NeuroMLMorphology of segments"):
        Neurites("x")


def tree():
    from neuroml import Morphology, Segment, SegmentGroup, SegmentParent
    from neuroml import Point3DWithDiam as Point

    def segment(number, begin, end, diameters, name, parent=None):
        ends = [
            Point(x=x, y=0, z=0, diameter=d) for x, d in zip((begin, end), diameters, strict=True)
        ]
        parent = None if parent is None else SegmentParent(segments=parent)
        return Segment(proximal=ends[0], distal=ends[1], name=name, id=number, parent=parent)

    segments = [
        segment(4, 0.0, 20.0, (20.0, 20.0), "soma"),
        segment(7, 20.0, 120.0, (4.0, 2.0), "trunk", 4),
        segment(9, 120.0, 170.0, (2.0, 1.0), "tuft", 7),
    ]
    # PyNN takes segments themselves
    group = SegmentGroup(id="apical", members=segments[1:])
    return Neurites(
        morphology.NeuroMLMorphology(Morphology(segments=segments, segment_groups=[group]))
    )


def test_segments_of_neuroml_have_their_names_and_groups():
    neurites = tree()
    assert [section.label for section in neurites.sections] == ["soma", "trunk", "tuft"]
    assert [section.parent for section in neurites.sections] == [-1, 0, 1]
    assert [neurites.distance(k) for k in range(3)] == [0.0, 20.0, 120.0]
    assert neurites.groups["apical"].tolist() == [1, 2]
    assert neurites.places == {"soma": 0, "trunk": 1, "tuft": 2}


def test_distributions_give_a_value_to_each_section():
    neurites = tree()
    m = morphology
    for given, expected in (
        (2.0, [2.0, 2.0, 2.0]),
        (m.uniform("all", 3.0), [3.0, 3.0, 3.0]),
        (m.uniform("apical", 3.0), [0.0, 3.0, 3.0]),
        (m.uniform(m.with_label("soma", "tuft"), 3.0, absence=None), [3.0, None, 3.0]),
        (m.uniform(m.soma(), 1.5), [1.5, 0.0, 0.0]),
        (m.by_distance("apical", lambda d: d / 10.0), [0.0, 2.0, 12.0]),
        (m.by_diameter("all", lambda d: d * 2.0), [40.0, 8.0, 4.0]),
        (m.any(m.uniform("tuft", 1.0), m.uniform("apical", 2.0), absence=0.5), [0.5, 2.0, 1.0]),
    ):
        assert values_of(given, neurites, "x") == expected
    for given, error, message in (
        (m.uniform("apicl", 1.0), ParameterError, "no section 'apicl'; did you mean 'apical'"),
        (m.uniform(m.axon(), 1.0), ParameterError, "'axon' selects nothing"),
        (m.uniform(m.sample(m.axon()), 1.0), NotAvailableError, "'random_section' .* not avail"),
        (True, ParameterError, "x = True; give a number"),
    ):
        with pytest.raises(error, match=message):
            values_of(given, neurites, "x")
