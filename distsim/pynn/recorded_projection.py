"""Recording of what a projection's connections are while the simulation runs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import common

from distsim.io.connection_values import ConnectionValues
from distsim.pynn.calls import collective
from distsim.pynn.checks import name_list
from distsim.pynn.gather import Audience
from distsim.pynn.projection_errors import ProjectionError
from distsim.pynn.simulator import state
from distsim.pynn.synapse_recording import SynapseRecorder, neo_block, write

__all__ = ["RecordedProjection"]

Floats = NDArray[np.float64]


class RecordedProjection(common.Projection):
    """What a projection records; `Projection` has the rest."""

    recorder: SynapseRecorder | None

    @collective()
    def record(self, variables: Any, sampling_interval: float | None = None) -> None:
        """Sample variables of all connections, such as weights that change.

        Parameters
        ----------
        variables : str, list of str or None
            'weight', or other variables and parameters of the synapse type; None: no longer any,
            and what was sampled is gone.
        sampling_interval : float, optional
            From one sample to the next, the first one now [ms]; default the time step.

        Raises
        ------
        ParameterError
            If there is no such variable, or the interval is no multiple of the time step.

        Notes
        -----
        A sample is taken as `get` does, and kept in memory: 8 bytes for each of this rank's
        connections.
        """
        self._check_present()
        recorder = None
        if variables is not None:
            names = name_list(variables, "variables")
            recorder = SynapseRecorder(self, names, sampling_interval)
        # the one before stays where that fails
        if self.recorder is not None:
            state.synapse_recorders.remove(self.recorder)
        if recorder is not None:
            state.synapse_recorders.append(recorder)
        self.recorder = recorder

    @collective()
    def get_data(self, gather: bool | str = True, clear: bool = False) -> Any:
        """Return what was recorded of the connections as a Neo Block.

        Parameters
        ----------
        gather : bool or 'all'
            Of the connections of all ranks, on rank 0 or on every rank; else of this rank's.
        clear : bool
            Whether to forget it.

        Returns
        -------
        neo.Block
            With a Segment for each `reset`; in it an AnalogSignal for each variable, of shape
            (n_times, n_connections), ordered as `get` lists connections, with array annotations
            `source_index` and `target_index`. Where samples are not equidistant, an
            IrregularlySampledSignal.
        """
        state.passage.read(f"get_data() of '{self.label}'")
        return neo_block(self._recorded(Audience.of(gather), clear))

    @collective("io")
    def write_data(self, io: Any, gather: bool | str = True, clear: bool = False) -> None:
        """Write what was recorded of the connections to a file; every rank must call it.

        Parameters
        ----------
        io : str or Neo IO
            A name that ends in ``.h5`` or ``.hdf5`` gives a file that
            `distsim.io.read_connection_values` reads, another one of Neo's formats.
        gather, clear
            As for `get_data`; without `gather`, each rank writes a file of its own.
        """
        if state.passage.passes(f"write_data() of '{self.label}'"):
            return
        audience = Audience.of(gather)
        write(io, self._recorded(audience, clear), audience)

    def begin_recorder(self, names: list[str]) -> None:
        """Sample these variables, if that is not so already."""
        if self.recorder is None:
            self.recorder = SynapseRecorder(self, names, None)
            state.synapse_recorders.append(self.recorder)

    def _recorded(self, audience: Audience, clear: bool) -> ConnectionValues:
        """Return what was recorded; every rank must call it, but for an audience of none."""
        recorder = self.recorder
        if recorder is None:
            raise ProjectionError(
                f"nothing was recorded of the connections of '{self.label}'; call "
                "record('weight', sampling_interval=...) before run()"
            )
        is_gathered = audience is not Audience.NONE
        local = self._agreed_connections() if is_gathered else self._local_connections()
        values = recorder.gathered(self._sorted_addresses(local, audience), audience)
        if clear:
            recorder.clear()
        return values

    def described_values(self, name: str) -> Floats:
        """Return what was described of this rank's connections."""
        return self._local_connections().column(self, name, state.dt)

    def unit_of(self, name: str) -> str:
        """Return the unit of a variable or parameter of the connections."""
        if name == "weight":
            model = self.post.parts[0].celltype.record
            (state_name,) = {r.state for r in model.receptors if r.name == self.receptor_type}
            return next(s.unit for s in model.states if s.name == state_name)
        synapse = self._pathway.synapse
        items: list[Any] = [*synapse.parameters, *synapse.initial_variables]
        unit = next(str(item.unit) for item in items if item.name == name)
        return self.unit_of("weight") if unit == "nA or uS" else unit or "dimensionless"
