"""The sections of a morphology, whatever library has read it, and what PyNN selects of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import morphology as pynn

from distsim.errors import NotAvailableError, ParameterError, did_you_mean
from distsim.pynn.morphology import soma

__all__ = ["Neurites", "Section", "values_of"]

Integers = NDArray[np.int64]

OF_FILTER: dict[type, tuple[str, ...]] = {
    pynn.dendrites: ("basal_dendrite", "apical_dendrite"),
    pynn.apical_dendrites: ("apical_dendrite",),
    pynn.basal_dendrites: ("basal_dendrite",),
    pynn.axon: ("axon",),
    soma: ("soma",),
}


@dataclass(frozen=True)
class Section:
    """An unbranched piece.

    Attributes
    ----------
    label : str
        Its name, or that of its type.
    points : tuple of (x, y, z, diameter)
        From its beginning to its end [um].
    parent : int
        Index of the section at whose end it begins; -1 if there is none.
    """

    label: str
    points: tuple[tuple[float, float, float, float], ...]
    parent: int

    @property
    def length(self) -> float:
        """Length [um]."""
        places = np.array(self.points)[:, :3]
        return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())


class Neurites:
    """The sections of a cell.

    Parameters
    ----------
    morphology : NeuroMLMorphology or MorphIOMorphology

    Attributes
    ----------
    sections : list of Section
    groups : dict of str to ndarray of int64
        Indices of the sections of each label, type and group.
    """

    def __init__(self, morphology: Any) -> None:
        own = getattr(morphology, "_morphology", None)
        if hasattr(own, "vertices"):
            raise NotAvailableError(
                "a morphology of vertices, as libNeuroML's loader makes it, is not available; give "
                "load_morphology(file, use_library='morphio')"
            )
        if hasattr(own, "segments") and hasattr(own, "segment_groups"):
            self.sections, named = _of_neuroml(own)
        elif hasattr(own, "root_sections"):
            self.sections, named = _of_morphio(own), {}
        else:
            raise ParameterError(
                f"morphology = {morphology!r} of a MultiCompartmentNeuron; give a "
                "NeuroMLMorphology of segments, or a MorphIOMorphology, as "
                "sim.morphology.load_morphology(file, use_library='morphio') returns it"
            )
        labels = [section.label for section in self.sections]
        self.groups: dict[str, Integers] = {
            label: np.array([k for k, other in enumerate(labels) if other == label])
            for label in dict.fromkeys(labels)
        }
        self.groups |= {name: np.array(members, np.int64) for name, members in named.items()}
        self.groups["all"] = np.arange(len(labels))

    @property
    def soma_index(self) -> int:
        """Index of the soma; where there is none, of the section without a parent."""
        if "soma" in self.groups:
            return int(self.groups["soma"][0])
        return next(k for k, section in enumerate(self.sections) if section.parent < 0)

    @property
    def places(self) -> dict[str, int]:
        """Indices of the sections that have a label of their own, by label."""
        return {label: int(group[0]) for label, group in self.groups.items() if group.size == 1}

    def of_label(self, label: str) -> Integers:
        """Return the indices of the sections that a label means."""
        if label not in self.groups:
            raise ParameterError(
                f"the morphology has no section '{label}'; {did_you_mean(label, self.groups)}"
            )
        return self.groups[label]

    def selected(self, selector: Any) -> Integers:
        """Return the indices of the sections that one of PyNN's filters selects."""
        if isinstance(selector, pynn.with_label):
            return np.concatenate([self.of_label(label) for label in selector.labels])
        for kind, types in OF_FILTER.items():
            if isinstance(selector, kind):
                found = [self.groups[name] for name in types if name in self.groups]
                if not found or getattr(selector, "fraction_along", None) is not None:
                    raise ParameterError(
                        f"'{kind.__name__}' selects nothing: no section is of type "
                        f"'{' or '.join(types)}', or a fraction_along is given"
                    )
                return np.concatenate(found)
        raise NotAvailableError(
            f"'{type(selector).__name__}' as a selector of sections is not available; give a "
            "label, or one of sim.morphology.with_label, dendrites, apical_dendrites, "
            "basal_dendrites, axon, soma"
        )

    def distance(self, index: int) -> float:
        """Return how far from the beginning of all a section begins, along the branches [um]."""
        parent = self.sections[index].parent
        return 0.0 if parent < 0 else self.distance(parent) + self.sections[parent].length


def values_of(given: Any, neurites: Neurites, what: str) -> list[float | None]:
    """Return the value of each section.

    Parameters
    ----------
    given : float or one of `sim.morphology`'s distributions
    neurites : Neurites
    what : str
        For errors.

    Returns
    -------
    list of float or None
        None: where nothing is.
    """
    n = len(neurites.sections)
    if isinstance(given, pynn.any):
        values: list[float | None] = [given.absence] * n
        for distribution in reversed(given.distributions):
            for k, value in enumerate(values_of(distribution, neurites, what)):
                if value != distribution.absence:
                    values[k] = value
        return values
    if isinstance(given, pynn.NeuriteDistribution):
        values = [given.absence] * n
        for index in neurites.selected(given.selector).tolist():
            values[index] = _provided(given, neurites, index)
        return values
    if isinstance(given, bool) or not isinstance(given, int | float | np.number):
        raise ParameterError(f"{what} = {given!r}; give a number, or one of sim.morphology's")
    return [float(given)] * n


def _provided(given: Any, neurites: Neurites, index: int) -> float:
    """Return the value of a section that is selected."""
    if isinstance(given, pynn.by_distance):
        return float(given.value_provider(neurites.distance(index)))
    if isinstance(given, pynn.by_diameter):
        return float(given.value_provider(neurites.sections[index].points[0][3]))
    return float(given.value_provider)


# --- what libraries have read ------------------------------------------------------------------


def _of_neuroml(own: Any) -> tuple[list[Section], dict[str, list[int]]]:
    index_of = {segment.id: k for k, segment in enumerate(own.segments)}
    sections = [
        Section(
            segment.name or f"segment_{segment.id}",
            tuple((p.x, p.y, p.z, p.diameter) for p in (segment.proximal, segment.distal)),
            # a parent is the segment itself, or names it
            -1 if segment.parent is None else index_of[_id_of(segment.parent)],
        )
        for segment in own.segments
    ]
    groups = {
        group.id: [index_of[_id_of(member)] for member in group.members]
        for group in own.segment_groups
    }
    return sections, groups


def _id_of(segment: Any) -> int:
    found = getattr(segment, "segments", None)
    return int(segment.id if found is None else found)


def _of_morphio(own: Any) -> list[Section]:
    # its sections do not count the soma, of which roots are children
    rows = _rows(own.soma.points, own.soma.diameters)
    if len(rows) == 1:
        # a sphere, as a cylinder of the same surface
        ((x, y, z, d),) = rows
        rows = ((x - d / 2, y, z, d), (x + d / 2, y, z, d))
    sections = [Section("soma", rows, -1)]
    centre = tuple(np.mean(own.soma.points, axis=0).tolist())
    for section in own.sections:
        parent = 0 if section.is_root else section.parent.id + 1
        rows = _rows(section.points, section.diameters)
        if len(rows) == 1:
            begin = centre if section.is_root else sections[parent].points[-1][:3]
            rows = ((*begin, rows[0][3]), *rows)
        sections.append(Section(str(section.type.name), rows, parent))
    return sections


def _rows(places: Any, diameters: Any) -> Any:
    rows = np.column_stack([places, diameters]).astype(np.float64).tolist()
    return tuple(tuple(row) for row in rows)
