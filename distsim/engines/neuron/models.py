"""NEURON's cell models: a section of one compartment with PyNN's parameters and variables."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.errors import EngineError
from distsim.models import (
    EIF_COND_ALPHA_ISFA_ISTA,
    EIF_COND_EXP_ISFA_ISTA,
    HH_COND_EXP,
    IF_COND_ALPHA,
    IF_COND_EXP,
    IF_COND_EXP_GSFA_GRR,
    IF_CURR_ALPHA,
    IF_CURR_DELTA,
    IF_CURR_EXP,
    IF_FACETS_HARDWARE1,
    IZHIKEVICH,
    CellModel,
)

__all__ = ["FOREVER", "MODELS", "Cell", "NeuronModel", "check_held", "neuron_model", "rows_of"]

Floats = NDArray[np.float64]

# a cell's length and diameter [um], of an area of 1e-3 cm2: cm [nF] is then in uF/cm2
LENGTH = 100.0
DIAMETER = 1000.0 / math.pi
# of Izhikevich's cell, of which 1 nA then is 1000 mV/ms [nF]
UNIT_CAPACITANCE = 0.001
# what ends at this time ends never [ms]
FOREVER = 1e12
# spikes that a synapse of alpha shape can hold
MAX_SPIKES = 999


class NeuronModel(NamedTuple):
    """What NEURON has for a model.

    Attributes
    ----------
    synapse : str
        NEURON's name of the synapse; none where the spikes' mechanism makes jumps of v.
    variable : str
        What PyNN's name of a synaptic variable begins with.
    attribute : str
        What the synapse calls it.
    sign : float
        PyNN's value for 1 of the synapse's.
    is_alpha : bool
        Whether the synapse keeps a list of spikes instead of a state.
    spiking : str
        Name of the mechanism that sees spikes.
    parameters, variables : tuple of str
        What that mechanism has of PyNN's, by the same names and in the same units.
    threshold : str
        Its potential above which a cell spikes; if empty, it sees peaks.
    reset : str
        Its potential after a spike; if empty, there is none.
    has_leak : bool
        Whether the section has v_rest, and tau_m or g_leak [nS].
    """

    synapse: str = ""
    variable: str = ""
    attribute: str = ""
    sign: float = 1.0
    is_alpha: bool = False
    spiking: str = "SpikeReset"
    parameters: tuple[str, ...] = ("v_thresh", "v_reset", "tau_refrac", "cm")
    variables: tuple[str, ...] = ()
    threshold: str = "v_thresh"
    reset: str = "v_reset"
    has_leak: bool = True

    def is_synaptic(self, variable: str) -> bool:
        """Return whether a variable is of the synapses."""
        return variable != "v" and variable not in self.variables

    def unit(self, variable: str) -> float:
        """Return PyNN's value for 1 of NEURON's."""
        return self.sign if self.is_synaptic(variable) else 1.0


EXP = NeuronModel("ExpSyn", "gsyn", "g")
ALPHA = NeuronModel("AlphaSyn", "gsyn", "g", is_alpha=True)
ADEXP: dict[str, Any] = {
    "spiking": "AdExpReset",
    "parameters": (
        *("v_rest", "v_thresh", "v_spike", "v_reset", "tau_refrac"),
        *("tau_m", "cm", "a", "b", "delta_T", "tau_w"),
    ),
    "variables": ("w",),
    "threshold": "v_spike",
}

MODELS: dict[CellModel, NeuronModel] = {
    IF_CURR_EXP: NeuronModel("ExpISyn", "isyn", "i", -1.0),
    IF_CURR_ALPHA: NeuronModel("AlphaISyn", "isyn", "i", -1.0, is_alpha=True),
    IF_CURR_DELTA: NeuronModel(variable="jump", attribute="jump"),
    IF_COND_EXP: EXP,
    IF_COND_ALPHA: ALPHA,
    IF_FACETS_HARDWARE1: EXP,
    EIF_COND_EXP_ISFA_ISTA: EXP._replace(**ADEXP),
    EIF_COND_ALPHA_ISFA_ISTA: ALPHA._replace(**ADEXP),
    IF_COND_EXP_GSFA_GRR: EXP._replace(
        spiking="SfaReset",
        parameters=(
            *("v_thresh", "v_reset", "tau_refrac"),
            *("tau_sfa", "e_rev_sfa", "q_sfa", "tau_rr", "e_rev_rr", "q_rr"),
        ),
        variables=("g_s", "g_r"),
    ),
    HH_COND_EXP: EXP._replace(
        spiking="TraubChannels",
        parameters=(
            *("gbar_Na", "gbar_K", "g_leak", "v_offset"),
            *("e_rev_Na", "e_rev_K", "e_rev_leak"),
        ),
        variables=("m", "h", "n"),
        threshold="",
        reset="",
        has_leak=False,
    ),
    IZHIKEVICH: NeuronModel(
        spiking="IzhikevichCell",
        parameters=("a", "b", "c", "d"),
        variables=("u",),
        reset="c",
        has_leak=False,
    ),
}


def neuron_model(model: CellModel) -> NeuronModel:
    """Return what NEURON has for a model, with nothing special about the user's own."""
    return MODELS.get(model, NeuronModel(synapse="the user's"))


def rows_of(columns: Mapping[str, Floats], n_cells: int) -> list[dict[str, float]]:
    """Return the values of each cell, by name."""
    lists = {name: values.tolist() for name, values in columns.items()}
    return [{name: values[k] for name, values in lists.items()} for k in range(n_cells)]


class Cell:
    """A section with leak, clamp, the mechanism that sees spikes, and two synapses.

    Parameters
    ----------
    h : NEURON's interpreter
    model : NeuronModel
        Where it names no synapse, the mechanism that sees spikes takes their place.
    """

    __slots__ = ("_clamp", "_model", "_offset", "section", "segment", "source", "synapses")

    def __init__(self, h: Any, model: NeuronModel) -> None:
        self._model = model
        self.section = h.Section()
        self.section.L = LENGTH
        self.section.diam = DIAMETER
        if model.has_leak:
            self.section.insert("pas")
        self.segment = self.section(0.5)
        self._clamp = h.IClamp(self.segment)
        self._clamp.delay, self._clamp.dur = 0.0, FOREVER
        self._offset = 0.0
        self.source = getattr(h, model.spiking)(self.segment)
        # excitatory, inhibitory
        self.synapses = self.source, self.source
        if model.synapse:
            make = getattr(h, model.synapse)
            self.synapses = make(self.segment), make(self.segment)

    def set_parameters(self, values: dict[str, float]) -> None:
        """Set parameters, by PyNN's names."""
        segment = self.segment
        segment.cm = values.get("cm", UNIT_CAPACITANCE)
        if self._model.has_leak:
            leak = values["cm"] / values["tau_m"] if "tau_m" in values else values["g_leak"] / 1e3
            segment.pas.g = 1e-3 * leak
            segment.pas.e = values["v_rest"]
        for name in self._model.parameters:
            setattr(self.source, name, values[name])
        self._offset = values["i_offset"]
        self.inject(0.0)
        for synapse, receptor in zip(self.synapses, "EI", strict=True):
            if f"tau_syn_{receptor}" in values:
                synapse.tau = values[f"tau_syn_{receptor}"]
            if f"e_rev_{receptor}" in values:
                synapse.e = values[f"e_rev_{receptor}"]

    def inject(self, amplitude: float) -> None:
        """Let a current [nA] flow besides i_offset, from now on."""
        self._clamp.amp = self._offset + amplitude

    def exit(self, h: Any) -> Any:
        """Return a connection that spikes begin."""
        return h.NetCon(self.source, None)

    def begin(self) -> None:
        """Go below threshold before NEURON's initialization: so it sees that crossed, if it is."""
        if self._model.reset:
            self.segment.v = getattr(self.source, self._model.reset)

    def set_variable(self, variable: str, value: float) -> None:
        """Set a state variable, by PyNN's name."""
        place, name = self._place(variable)
        setattr(place, name, value / self._model.unit(variable))

    def reference(self, variable: str) -> Any:
        """Return NEURON's pointer to a variable, of which PyNN's value is `NeuronModel.unit`."""
        place, name = self._place(variable)
        return getattr(place, f"_ref_{name}")

    def trace(self, h: Any, variable: str) -> Any:
        """Return what NEURON records a variable in."""
        return h.Vector().record(self.reference(variable))

    def _place(self, variable: str) -> tuple[Any, str]:
        """Return what has a variable, and what it calls it."""
        if variable == "v":
            return self.segment, variable
        if variable in self._model.variables:
            return self.source, variable
        return self.synapses[int(variable.endswith("_inh"))], self._model.attribute

    def is_spiking(self) -> bool:
        """Return whether NEURON will see a spike at the beginning of the next step."""
        if not self._model.threshold:
            return bool(self.source.is_peak)
        return bool(self.segment.v > getattr(self.source, self._model.threshold))


def check_held(name: str, cells: Iterable[Any]) -> None:
    """Raise if an alpha synapse of some cells has so many spikes in its list that it loses some.

    Raises
    ------
    EngineError
    """
    held = [synapse.q for cell in cells for synapse in cell.synapses]
    if max(held, default=0) >= MAX_SPIKES:
        raise EngineError(
            f"a synapse of {name} in NEURON holds at most {MAX_SPIKES} spikes of the last 20 "
            "tau_syn, and more arrived; use the model with exponential synapses, or another engine"
        )
