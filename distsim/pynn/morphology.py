"""Parts of a cell, what differs between them, and places on them: `sim.morphology`."""

# ruff: noqa: N801 - PyNN's names

from typing import Any

from pyNN import morphology as pynn
from pyNN.morphology import (
    IonChannelDistribution,
    LabelledLocations,
    LocationGenerator,
    MorphIOMorphology,
    Morphology,
    MorphologyFilter,
    NeuriteDistribution,
    NeuroMLMorphology,
    SynapseDistribution,
    any,  # noqa: A004 - PyNN's name
    apical_dendrites,
    axon,
    basal_dendrites,
    dendrites,
    load_morphology,
    random_section,
    sample,
    with_label,
)

__all__ = [
    "IonChannelDistribution",
    "LabelledLocations",
    "LocationGenerator",
    "MorphIOMorphology",
    "Morphology",
    "MorphologyFilter",
    "NeuriteDistribution",
    "NeuroMLMorphology",
    "SynapseDistribution",
    "any",
    "apical_dendrites",
    "at_distances",
    "axon",
    "basal_dendrites",
    "by_diameter",
    "by_distance",
    "center",
    "centre",
    "dendrites",
    "load_morphology",
    "random_placement",
    "random_section",
    "sample",
    "soma",
    "uniform",
    "with_label",
]


class _Labelled:
    """Takes a label for a filter."""

    def get_with_label_selector(self, label: str) -> Any:
        """Return the filter of the sections with a label."""
        return with_label(label)


class soma(MorphologyFilter):
    """The sections of the soma."""


class uniform(_Labelled, pynn.uniform):
    """A value that all selected sections have.

    Parameters
    ----------
    selector : str or MorphologyFilter
        Label of sections or of a group of them; 'all'.
    value_provider : float
    absence : float, optional
        What all others have; default 0.
    """


class by_distance(_Labelled, pynn.by_distance):
    """A function of the distance [um] along the branches to the beginning of a section.

    Parameters
    ----------
    selector : str or MorphologyFilter
    value_provider : callable
    absence : float, optional
    """


class by_diameter(_Labelled, pynn.by_diameter):
    """A function of the diameter [um] at the beginning of a section.

    Parameters
    ----------
    selector : str or MorphologyFilter
    value_provider : callable
    absence : float, optional
    """


class at_distances(_Labelled, pynn.at_distances):
    """Places within the one section that is selected.

    Parameters
    ----------
    selector : str or MorphologyFilter
    distances : sequence of float
        From 0, where the section begins, to 1.
    """


class centre(_Labelled, pynn.centre):
    """The middle of the middle one of the selected sections.

    Parameters
    ----------
    selector : str or MorphologyFilter
    """


class random_placement(_Labelled, pynn.random_placement):
    """Places at random; not available, as PyNN draws them without a seed."""


center = centre
