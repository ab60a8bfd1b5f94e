"""One cell of many compartments in NEURON, as a class of the user's own would make it."""

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

__all__ = ["CompartmentCell", "Part"]

# of NEURON's rule for the number of segments: part of the length constant at 100 Hz
D_LAMBDA, FREQUENCY = 0.1, 100.0


@dataclass
class Part:
    """What NEURON is told of one section.

    Attributes
    ----------
    points : sequence of (x, y, z, diameter)
        [um]
    parent : int
        Index of the section at whose end it begins; -1 if there is none.
    cm : float
        [uF/cm2]
    mechanisms : dict of str to dict
        By mechanism, values by NEURON's names.
    ions : dict of str to float
        Reversal potentials [mV] and concentrations [mM], by NEURON's names.
    channels : dict of str to tuple
        By PyNN's name of a channel: mechanism, and NEURON's names of variables.
    """

    points: Any
    parent: int
    cm: float
    mechanisms: dict[str, dict[str, float]] = field(default_factory=dict)
    ions: dict[str, float] = field(default_factory=dict)
    channels: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)


class CompartmentCell:
    """A cell that NEURON simulates; places and receptors are its attributes.

    Parameters
    ----------
    parts : list of Part
    synapses : dict
        By receptor type: mechanism, section, place in it, values, (entity, label), variable.
    axial_resistivity : float
        [Ohm cm]
    source : int
        Index of the section where spikes are seen.
    places : dict of str to int
        Indices of sections, by label.
    """

    def __init__(
        self,
        parts: list[Part],
        synapses: dict[str, Any],
        axial_resistivity: float,
        source: int,
        places: dict[str, int],
    ) -> None:
        # not above: after `setup()`
        from neuron import h

        self._h = h
        self._sections = [self._section(part, axial_resistivity) for part in parts]
        for section, part in zip(self._sections, parts, strict=True):
            if part.parent >= 0:
                section.connect(self._sections[part.parent](1.0), 0.0)
        self.source_section = self._sections[source]
        self.source = self.source_section(0.5)._ref_v
        self._places = {
            label: _Place(self._sections[index](0.5), dict(parts[index].channels))
            for label, index in places.items()
        }
        self._add_synapses(synapses)

    def _section(self, part: Part, axial_resistivity: float) -> Any:
        section = self._h.Section()
        for x, y, z, diameter in part.points:
            self._h.pt3dadd(x, y, z, diameter, sec=section)
        section.cm, section.Ra = part.cm, axial_resistivity
        section.nseg = _n_segments(section)
        for mechanism, values in part.mechanisms.items():
            section.insert(mechanism)
            for name, value in values.items():
                setattr(section, f"{name}_{mechanism}", value)
        for name, value in part.ions.items():
            ion = name[1:] if name[0] == "e" else name[:-1]
            if self._h.ismembrane(f"{ion}_ion", sec=section):
                setattr(section, name, value)
        return section

    def _add_synapses(self, synapses: dict[str, Any]) -> None:
        self._receptors: dict[str, Any] = {}
        for receptor, (mechanism, index, place, values, where, variable) in synapses.items():
            synapse = getattr(self._h, mechanism)(self._sections[index](place))
            for name, value in values.items():
                setattr(synapse, name, value)
            name, label = where
            if receptor == name:
                self._receptors[name] = synapse
            else:
                setattr(self._receptors.setdefault(name, SimpleNamespace()), label, synapse)
            at = self._places.setdefault(label, _Place(None, {}))
            at.synapses[name] = synapse, variable[:2]

    def __getattr__(self, name: str) -> Any:
        for found in (vars(self).get("_receptors", {}), vars(self).get("_places", {})):
            if name in found:
                return found[name]
        raise AttributeError(name)


class _Place:
    """A segment, with its channels and synapses by PyNN's names."""

    def __init__(self, segment: Any, channels: dict[str, Any]) -> None:
        self.segment = segment
        self.channels = channels
        self.synapses: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name in self.synapses:
            return _Variables(*self.synapses[name])
        if name in self.channels:
            mechanism, variables = self.channels[name]
            found = getattr(self.segment, mechanism)
            return _Variables(found, *variables.items())
        return getattr(self.segment, name)


class _Variables:
    """A mechanism whose variables have PyNN's names."""

    def __init__(self, mechanism: Any, *names: tuple[str, str]) -> None:
        self._mechanism = mechanism
        self._native = {f"_ref_{ours}": f"_ref_{theirs}" for ours, theirs in names}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mechanism, self._native.get(name, name))


def _n_segments(section: Any) -> int:
    """Return how many segments a section has, by NEURON's d_lambda rule."""
    constant = 1e5 * math.sqrt(section.diam / (4.0 * math.pi * FREQUENCY * section.Ra * section.cm))
    return 1 + 2 * int((0.999 + section.L / (D_LAMBDA * constant)) / 2.0)
