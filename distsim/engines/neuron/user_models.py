"""Cell types of the user's own for NEURON: classes that make sections, by PyNN's protocol."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from distsim.engines.neuron.models import FOREVER
from distsim.errors import EngineError
from distsim.models import CellModel
from distsim.network.blocks import CellBlock

__all__ = ["Site", "UserCell", "UserModel"]

# of a path such as dendrites[2](0.5).hh.m: name, index, place
PART = re.compile(r"(\w+)(?:\[(\d+)\])?(?:\(([^()]*)\))?(?:\.|$)")


@dataclass(frozen=True, eq=False)
class UserModel(CellModel):
    """A cell type of the user's own.

    Attributes
    ----------
    name, parameters, states, receptors
        As for `CellModel`; states are all that is initialized or may be recorded, receptors have
        the paths of attributes of a cell, at the ends of which are its synapses.
    make : callable
        Makes a cell; is given the parameters, and the constants, as keywords.
    constants : mapping
    initialized : tuple of str
        What has an initial value.
    is_injectable : bool
    """

    make: Callable[..., Any] = field(kw_only=True)
    constants: Mapping[str, Any] = field(kw_only=True)
    initialized: tuple[str, ...] = field(kw_only=True)
    is_injectable: bool = field(kw_only=True)


class Site:
    """A place on the cells of a block, beside its source section, into which currents flow.

    Parameters
    ----------
    block : CellBlock
    place : str
        Attribute of a cell that has the `segment`.
    """

    def __init__(self, block: CellBlock, place: str) -> None:
        self.block = block
        self.place = place

    @property
    def n_local(self) -> int:
        """Number of this rank's cells."""
        return self.block.n_local


class Clamp:
    """A current into a segment.

    Parameters
    ----------
    h : NEURON's interpreter
    segment : NEURON's segment
    """

    def __init__(self, h: Any, segment: Any) -> None:
        self._clamp = h.IClamp(segment)
        self._clamp.delay, self._clamp.dur, self._clamp.amp = 0.0, FOREVER, 0.0

    def inject(self, amplitude: float) -> None:
        """Let a current [nA] flow, from now on."""
        self._clamp.amp = amplitude


class UserCell:
    """A cell that the user's class has made.

    Parameters
    ----------
    h : NEURON's interpreter
    model : UserModel
    values : dict of str to float
        Parameters.
    """

    def __init__(self, h: Any, model: UserModel, values: dict[str, float]) -> None:
        self._model, self._values = model, dict(values)
        self.cell = model.make(**values, **model.constants)
        source = self._attribute("source")
        section = getattr(self.cell, "source_section", None)
        self._is_pointer = _is_pointer(source)
        if section is None and (self._is_pointer or model.is_injectable):
            self._attribute("source_section")
        # without any section NEURON would record nothing
        self._section = h.Section() if section is None else section
        self._exit = h.NetCon(source, None, sec=self._section)
        self._set_threshold()
        self.synapses = [self._resolve(path) for path, _ in model.receptors]
        for variable in set(model.state_names) - set(model.initialized):
            # raises here, where other ranks hear of it
            self.reference(variable)
        self._clamp = Clamp(h, self._section(0.5)) if model.is_injectable else None
        self._sites: dict[str, Clamp] = {}

    def _attribute(self, name: str) -> Any:
        if not hasattr(self.cell, name):
            raise EngineError(
                f"a cell of {self._model.name} has no '{name}', which NEURON needs; let the "
                "`__init__` of its `model` set it"
            )
        return getattr(self.cell, name)

    def _set_threshold(self) -> None:
        if hasattr(self.cell, "get_threshold"):
            self._exit.threshold = self.cell.get_threshold()

    @property
    def segment(self) -> Any:
        """Where it has gap junctions: the middle of source_section."""
        return self._section(0.5)

    def exit(self, h: Any) -> Any:
        """Return a connection that spikes begin."""
        return self._exit

    def set_parameters(self, values: dict[str, float]) -> None:
        """Set the parameters that have changed: attributes of the user's cell."""
        for name, value in values.items():
            if value != self._values[name]:
                self._attribute(name)
                setattr(self.cell, name, value)
        self._values = dict(values)
        self._set_threshold()

    def inject(self, amplitude: float) -> None:
        """Let a current [nA] flow into the middle of source_section, from now on."""
        if self._clamp is not None:
            self._clamp.inject(amplitude)

    def site(self, h: Any, place: str) -> Clamp:
        """Return what lets a current flow into another place."""
        if place not in self._sites:
            self._sites[place] = Clamp(h, self._attribute(place).segment)
        return self._sites[place]

    def take_initial_values(self, values: dict[str, float]) -> None:
        """Keep the values that `begin` sets."""
        if not hasattr(self.cell, "initial_values"):
            self.cell.initial_values = {}
        self.cell.initial_values.update(values)

    def begin(self) -> None:
        """Set the initial values: before NEURON's initialization and after it.

        A class without `memb_init` has the same v everywhere.
        """
        if hasattr(self.cell, "memb_init"):
            self.cell.memb_init()
            return
        for path in self._model.initialized:
            value = self.cell.initial_values[path]
            if path != "v":
                place, name = self._place(path)
                setattr(place, name, value)
                continue
            for section in self._attribute("source_section").wholetree():
                for segment in section:
                    segment.v = value

    def reference(self, variable: str) -> Any:
        """Return NEURON's pointer to a variable."""
        place, name = self._place(variable)
        try:
            return getattr(place, f"_ref_{name}")
        except (AttributeError, NameError) as error:
            raise self._unknown(variable) from error

    def trace(self, h: Any, variable: str) -> Any:
        """Return what NEURON records a variable in."""
        return h.Vector().record(self.reference(variable))

    def is_spiking(self) -> bool:
        """Return whether NEURON will see a spike at the beginning of the next step.

        What a mechanism will do is not known.
        """
        return self._is_pointer and bool(self.cell.source[0] > self._exit.threshold)

    def _place(self, path: str) -> tuple[Any, str]:
        """Return what has a variable, and its name there."""
        *_, (name, _, _) = parts = PART.findall(path) or [("", "", "")]
        if len(parts) > 1:
            return self._resolve(path[: path.rindex(".")]), name
        if path == "v":
            return self._attribute("source_section")(0.5), path
        return self.cell.source, path

    def _resolve(self, path: str) -> Any:
        """Return what a path of attributes leads to."""
        found = self.cell
        try:
            for name, index, place in PART.findall(path):
                found = getattr(found, name)
                found = found[int(index)] if index else found
                found = found(float(place)) if place else found
        except (AttributeError, NameError, LookupError, TypeError, ValueError) as error:
            raise self._unknown(path) from error
        return found

    def _unknown(self, path: str) -> EngineError:
        return EngineError(
            f"a cell of {self._model.name} has no '{path}'; name an attribute of its `model`, such "
            "as 'soma(0.5).v' to record, or 'dendrite.ampa' as a receptor type"
        )


def _is_pointer(source: Any) -> bool:
    """Return whether a source is a pointer to a variable, not a mechanism."""
    try:
        source[0]
    except (TypeError, IndexError):
        return False
    return True
