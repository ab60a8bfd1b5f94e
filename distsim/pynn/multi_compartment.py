"""Cells of many compartments for engine 'neuron', made of PyNN's parts."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pyNN import morphology as pynn
from pyNN.standardmodels import build_translations, ion_channels

from distsim.engines.neuron.user_models import Site
from distsim.errors import NotAvailableError, ParameterError, did_you_mean
from distsim.pynn.compartments import CompartmentCell, Part
from distsim.pynn.native_types import NativeCellType
from distsim.pynn.neurites import Neurites, values_of
from distsim.pynn.point_neurons import CondAlpha, CondExp, CurrExp

__all__ = [
    "KdrChannel",
    "MultiCompartmentNeuron",
    "NaChannel",
    "PassiveLeak",
    "PassiveLeakHH",
]

# NEURON's synapse of each response, with what is recorded: PyNN's name, NEURON's, unit
SYNAPSES: dict[Any, tuple[str, str, str, str]] = {
    CondExp: ("ExpSyn", "gsyn", "g", "uS"),
    CondAlpha: ("AlphaSyn", "gsyn", "g", "uS"),
    CurrExp: ("ExpISyn", "isyn", "i", "nA"),
}
OF_SYNAPSE = {"tau_syn": "tau", "e_syn": "e"}
# densities of the mechanism that channels share: what is not given is not there
SHARED = {"hh": ("gnabar", "gkbar", "gl")}


class NaChannel(ion_channels.NaChannel):
    """Sodium channel of Hodgkin and Huxley; `conductance_density` [S/cm2]."""

    translations = build_translations(("conductance_density", "gnabar"))
    variable_translations: ClassVar[dict[str, Any]] = {"m": ("hh", "m"), "h": ("hh", "h")}
    model = "hh"
    conductance_density_parameter = "gnabar"


class KdrChannel(ion_channels.KdrChannel):
    """Potassium channel of Hodgkin and Huxley; `conductance_density` [S/cm2]."""

    translations = build_translations(("conductance_density", "gkbar"))
    variable_translations: ClassVar[dict[str, Any]] = {"n": ("hh", "n")}
    model = "hh"
    conductance_density_parameter = "gkbar"


class PassiveLeak(ion_channels.PassiveLeak):
    """Leak; `conductance_density` [S/cm2], `e_rev` [mV]."""

    translations = build_translations(("conductance_density", "g"), ("e_rev", "e"))
    variable_translations: ClassVar[dict[str, Any]] = {}
    model = "pas"
    conductance_density_parameter = "g"


class PassiveLeakHH(ion_channels.PassiveLeakHH):
    """Leak that belongs to NEURON's `hh`; `conductance_density` [S/cm2], `e_rev` [mV]."""

    translations = build_translations(("conductance_density", "gl"), ("e_rev", "el"))
    variable_translations: ClassVar[dict[str, Any]] = {}
    model = "hh"
    conductance_density_parameter = "gl"


class MultiCompartmentNeuron(NativeCellType):
    """A cell of many compartments, for engine 'neuron'.

    Which channels and synapses there are is said by class attributes, as in PyNN: of a subclass, or
    of this class before it is called.

    Parameters
    ----------
    morphology : NeuroMLMorphology or MorphIOMorphology
    cm : float or distribution
        Capacitance [uF/cm2].
    Ra : float
        Axial resistivity [Ohm cm].
    ionic_species : dict of str to pyNN.parameters.IonicSpecies, optional
    **parameters
        For each ion channel and each post-synaptic entity, by its name, a dict of its parameters:
        numbers, or distributions of `sim.morphology`; `locations` of synapses.

    Attributes
    ----------
    label : str
    ion_channels : dict of str to type
        `PassiveLeak`, `PassiveLeakHH`, `NaChannel`, `KdrChannel`, or a class with the same
        attributes of a mechanism that was loaded into NEURON.
    post_synaptic_entities : dict of str to type
        `CondExpPostSynapticResponse`, `CondAlphaPostSynapticResponse` or
        `CurrExpPostSynapticResponse`.

    Notes
    -----
    A receptor type is the name of an entity, where that is at one place; at several, name and label
    of each, as in 'AMPA.dendrite'. Sections with a label of their own are places: ``record('v',
    locations='dendrite')`` records 'dendrite.v', the middle of that section, ``record('na.m',
    locations='soma')`` 'soma.na.m'. Currents flow into such a place, too; spikes are what crosses
    10 mV in the soma. The number of segments of a section follows NEURON's d_lambda rule.
    Parameters are those of all cells of a population, and cannot be set later.
    """

    label: ClassVar[str] = "MultiCompartmentNeuron"
    ion_channels: ClassVar[dict[str, Any]] = {}
    post_synaptic_entities: ClassVar[dict[str, Any]] = {}
    neurites: ClassVar[Neurites]

    def __new__(
        cls,
        morphology: Any = None,
        cm: Any = 1.0,
        Ra: float = 35.4,  # noqa: N803 - PyNN's name
        ionic_species: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> "MultiCompartmentNeuron":
        """Return a cell type with a class of its own."""
        if hasattr(cls, "neurites"):  # a copy
            return super().__new__(cls)
        neurites = Neurites(morphology)
        known = [*cls.ion_channels, *cls.post_synaptic_entities]
        for name in parameters:
            if name not in known:
                raise ParameterError(
                    f"'{name}' is no ion channel or post-synaptic entity of {cls.label}; "
                    + did_you_mean(name, known)
                )
        parts = _parts(cls, neurites, cm, ionic_species or {}, parameters)
        synapses = _synapses(cls, neurites, parameters)
        variables = _variables(neurites, parts, synapses)
        kind = type(
            cls.label,
            (cls,),
            {
                "neurites": neurites,
                "model": CompartmentCell,
                "extra_parameters": {
                    "parts": parts,
                    "synapses": synapses,
                    "axial_resistivity": _number(Ra, "Ra"),
                    "source": neurites.soma_index,
                    "places": neurites.places,
                },
                "recordable": ["v", *variables],
                "units": variables,
                "receptor_types": list(synapses),
                "conductance_based": all(each[0] != "ExpISyn" for each in synapses.values()),
            },
        )
        return super().__new__(kind)

    def __init__(self, *args: Any, **parameters: Any) -> None:
        super().__init__()
        # the same object for the same place of the same cells
        self.__dict__["_sites"] = {}

    def can_record(self, variable: str, location: str | None = None) -> bool:
        """Return whether a variable can be recorded, at a place or in the soma."""
        return (variable if location is None else f"{location}.{variable}") in self.recordable

    @classmethod
    def located(cls, variables: list[str], locations: Any) -> list[str]:
        """Return what variables are called at some places."""
        places = [locations] if isinstance(locations, str | pynn.LocationGenerator) else locations
        labels: list[str] = []
        for place in places:
            if isinstance(place, pynn.LocationGenerator):
                if not isinstance(place, pynn.LabelledLocations):
                    raise NotAvailableError(
                        f"recording at '{type(place).__name__}' is not available; give labels"
                    )
                labels += place.labels
            else:
                labels.append(place)
        return [f"{label}.{variable}" for label in labels for variable in variables]

    def site(self, block: Any, location: str) -> Any:
        """Return what a current into a section flows into: the block, if that is the soma."""
        neurites = self.neurites
        if neurites.of_label(location).size > 1:
            raise ParameterError(
                f"a current into '{location}', which are {neurites.of_label(location).size} "
                f"sections; name one of them"
            )
        if neurites.places[location] == neurites.soma_index:
            return block
        return self._sites.setdefault((id(block), location), Site(block, location))


# --- what a type is made of --------------------------------------------------------------------


def _parts(
    kind: Any, neurites: Neurites, cm: Any, species: Mapping[str, Any], parameters: Any
) -> list[Part]:
    """Return what NEURON is told of each section."""
    capacitances = values_of(cm, neurites, "cm")
    if None in capacitances:
        raise ParameterError("cm is not given for all sections")
    parts = [
        Part(section.points, section.parent, float(value or 0.0))
        for section, value in zip(neurites.sections, capacitances, strict=True)
    ]
    for name, channel in kind.ion_channels.items():
        _insert(parts, neurites, name, channel, dict(parameters.get(name, {})))
    for ion, each in species.items():
        for attribute, names in (
            ("reversal_potential", f"e{ion}"),
            ("internal_concentration", f"{ion}i"),
            ("external_concentration", f"{ion}o"),
        ):
            given = getattr(each, attribute)
            if given is not None:
                for part, value in zip(parts, values_of(given, neurites, names), strict=True):
                    if value is not None:
                        part.ions[names] = value
    return parts


def _number(value: Any, what: str) -> float:
    """Return what is the same in all cells and sections."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ParameterError(f"{what} = {value!r}; give a number", value=value)
    return float(value)


def _insert(
    parts: list[Part], neurites: Neurites, name: str, channel: Any, given: dict[str, Any]
) -> None:
    """Put a channel where its density is above 0."""
    natives = {key: each["translated_name"] for key, each in channel.translations.items()}
    for key in given:
        if key not in natives:
            raise ParameterError(
                f"unknown parameter '{key}' of '{name}'; {did_you_mean(key, natives)}"
            )
    values = {
        natives[key]: values_of(given.get(key, default), neurites, f"{key} of '{name}'")
        for key, default in channel.default_parameters.items()
    }
    density = channel.conductance_density_parameter
    variables = {ours: theirs for ours, (_, theirs) in channel.variable_translations.items()}
    for index, part in enumerate(parts):
        own = {key: each[index] for key, each in values.items() if each[index] is not None}
        if own.get(density, 0.0) > 0.0:  # type: ignore[operator]
            nothing = dict.fromkeys(SHARED.get(channel.model, ()), 0.0)
            part.mechanisms.setdefault(channel.model, nothing).update(own)
            part.channels[name] = channel.model, variables


def _synapses(kind: Any, neurites: Neurites, parameters: Any) -> dict[str, Any]:
    """Return mechanism, section, place, values, label and variable of each receptor type."""
    found: dict[str, Any] = {}
    for name, response in kind.post_synaptic_entities.items():
        if response not in SYNAPSES:
            known = ", ".join(each.__name__ for each in SYNAPSES)
            raise NotAvailableError(
                f"'{name}' = {response!r} is not available; give one of {known}"
            )
        mechanism, *variable = SYNAPSES[response]
        given = dict(parameters.get(name, {}))
        places = _located(given.pop("locations", "soma"), neurites, name)
        values = {
            native: _number(given.pop(key, response.default_parameters[key]), f"{key} of '{name}'")
            for key, native in OF_SYNAPSE.items()
            if key in response.default_parameters
        }
        if given:
            raise ParameterError(f"'{name}' has no {', '.join(map(repr, given))}")
        for label, (section, place) in places.items():
            receptor = name if len(places) == 1 else f"{name}.{label}"
            found[receptor] = (mechanism, section, place, values, (name, label), tuple(variable))
    return found


def _located(given: Any, neurites: Neurites, name: str) -> dict[str, tuple[int, float]]:
    """Return section and place within it of each location, by label."""
    if isinstance(given, str):
        given = pynn.LabelledLocations(given)
    if isinstance(given, pynn.LabelledLocations):
        indices = {label: neurites.of_label(label) for label in given.labels}
        for label, group in indices.items():
            if group.size > 1:
                raise ParameterError(
                    f"'{name}' at '{label}', which are {group.size} sections; name one of them"
                )
        return {label: (int(group[0]), 0.5) for label, group in indices.items()}
    if isinstance(given, pynn.centre | pynn.at_distances):
        chosen = neurites.selected(given.selector)
        if isinstance(given, pynn.centre):
            return {"centre": (int(chosen[len(chosen) // 2]), 0.5)}
        if len(chosen) != 1:
            raise ParameterError(
                f"at_distances of '{name}' selects {len(chosen)} sections, not one"
            )
        return {f"d-{place}": (int(chosen[0]), float(place)) for place in given.distances}
    raise NotAvailableError(
        f"'{name}' at {type(given).__name__} is not available; give a label, or one of "
        "sim.morphology.LabelledLocations, centre, at_distances"
    )


def _variables(neurites: Neurites, parts: list[Part], synapses: Any) -> dict[str, str]:
    """Return the units of what can be recorded at places."""
    units = {}
    for label, index in neurites.places.items():
        units[f"{label}.v"] = "mV"
        for channel, (_, variables) in parts[index].channels.items():
            units |= {f"{label}.{channel}.{name}": "dimensionless" for name in variables}
    for _, _, _, _, (name, label), (variable, _, unit) in synapses.values():
        units[f"{label}.{name}.{variable}"] = unit
    return units
