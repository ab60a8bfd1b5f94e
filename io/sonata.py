"""A folder that SONATA's tools open: nodes, and of each segment spikes and reports.

The configurations are those of SONATA's simulations [1]_, as bluepysnap reads them. Reports are in
single precision, as libsonata wants them, one file for each variable.

References
----------
.. [1] https://sonata-extension.readthedocs.io
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from distsim.errors import FileWriteError
from distsim.io import reader, schema
from distsim.io.attributes import fixed
from distsim.io.datasets import mark_order, mark_sonata, new_hdf5_file, store
from distsim.io.layout import write_mapping
from distsim.io.reader import Recording
from distsim.io.recordings import PopulationInfo, RunInfo, SegmentData, SignalData
from distsim.io.whole_file import new_file

__all__ = ["write_sonata"]

N_ROWS = 4096


def write_sonata(path: Path, folder: Path) -> list[Path]:
    """Write the recordings of a file to a new folder.

    Parameters
    ----------
    path : Path
        File that distsim wrote.
    folder : Path
        Not there yet, or empty.

    Returns
    -------
    list of Path
        The configuration of the circuit, and of the simulation of each segment.

    Raises
    ------
    FileWriteError
        If there is something in the folder.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise FileWriteError(
            f"'{folder}' is not empty; give a folder that is not there yet", path=str(folder)
        )
    with reader.open(path) as recording:
        return _write_folder(recording, folder)


def _write_folder(recording: Recording, folder: Path) -> list[Path]:
    run, segments = recording.run, recording.segments
    infos = [info for info, _, _ in segments[0].populations] if segments else []
    names = schema.distinct([schema.escape(info.label) for info in infos])
    folder.mkdir(parents=True, exist_ok=True)
    _write_nodes(folder / "nodes.h5", zip(names, infos, strict=True))
    nodes = {
        "nodes_file": "$BASE_DIR/nodes.h5",
        "populations": {name: {"type": "point_neuron"} for name in names},
    }
    circuit = folder / "circuit_config.json"
    networks = {"nodes": [nodes], "edges": []}
    _write_json(circuit, {"version": 2, "manifest": {"$BASE_DIR": "."}, "networks": networks})
    homes = [(folder / f"segment_{segment.index}", segment) for segment in segments]
    return [circuit, *(_write_segment(home, segment, names, run) for home, segment in homes)]


def _write_nodes(path: Path, populations: Iterable[tuple[str, PopulationInfo]]) -> None:
    with new_hdf5_file(path) as (file, _):
        mark_sonata(file)
        for name, info in populations:
            group = file.create_group(f"nodes/{name}")
            store(group, "node_type_id", np.int64, np.full(info.size, -1))
            store(group, "node_group_id", np.uint64, np.zeros(info.size))
            store(group, "node_group_index", np.uint64, np.arange(info.size))
            own = group.create_group("0")
            # text by number, as SONATA has it where many cells have the same
            library = own.create_group("@library")
            for attribute, value in (
                ("model_type", "point_neuron"),
                ("model_name", info.cell_type),
            ):
                library[attribute] = np.array([value], h5py.string_dtype())
                store(own, attribute, np.uint32, np.zeros(info.size))


def _write_segment(home: Path, segment: SegmentData, names: list[str], run: RunInfo) -> Path:
    """Write spikes, reports and the configuration of one segment."""
    home.mkdir()
    parts = list(zip(names, segment.populations, strict=True))
    with new_hdf5_file(home / "spikes.h5") as (file, _):
        mark_sonata(file)
        file.create_group(schema.SPIKES)
        for name, (_, spikes, _) in parts:
            if spikes is not None:
                group = file.create_group(f"{schema.SPIKES}/{name}")
                mark_order(group)
                times = store(group, schema.TIMESTAMPS, schema.TIME_DTYPE, spikes.times)
                times.attrs[schema.UNITS_ATTR] = fixed(schema.TIME_UNITS)
                store(group, schema.SPIKE_NODE_IDS, schema.NODE_ID_DTYPE, spikes.senders)
    variables: dict[str, list[tuple[str, SignalData]]] = {}
    for name, (_, _, signals) in parts:
        for signal in signals:
            if all(signal.data.shape):
                variables.setdefault(signal.variable, []).append((name, signal))
    for variable, reports in variables.items():
        _write_report(home / f"{schema.escape(variable)}.h5", reports)
    config = home / "simulation_config.json"
    _write_json(config, _simulation(segment, variables, run))
    return config


def _write_report(path: Path, reports: list[tuple[str, SignalData]]) -> None:
    with new_hdf5_file(path) as (file, check):
        mark_sonata(file)
        for name, signal in reports:
            group = file.create_group(f"{schema.REPORT}/{name}")
            write_mapping(group.create_group(schema.MAPPING), signal.node_ids, signal)
            values = group.create_dataset(
                schema.DATA, signal.data.shape, schema.VIEW_DTYPE, chunks=True, fletcher32=True
            )
            values.attrs[schema.UNITS_ATTR] = fixed(signal.units)
            for first in range(0, values.shape[0], N_ROWS):
                values[first : first + N_ROWS] = signal.data[first : first + N_ROWS]
                check()


def _simulation(
    segment: SegmentData, variables: dict[str, list[tuple[str, SignalData]]], run: RunInfo
) -> dict[str, Any]:
    reports = {
        variable: {
            "type": "compartment",
            "sections": "soma",
            "variable_name": variable,
            "unit": found[0][1].units,
            "dt": found[0][1].sampling_interval,
            "start_time": found[0][1].t_start,
            "end_time": segment.t_stop,
            "file_name": schema.escape(variable),
            "enabled": True,
        }
        for variable, found in variables.items()
    }
    return {
        "manifest": {"$OUTPUT_DIR": "."},
        "network": "../circuit_config.json",
        "run": {
            "tstart": segment.t_start,
            "tstop": segment.t_stop,
            "dt": run.attributes.get("dt", 0.1),
            "random_seed": int(run.attributes.get("seed", 0)),
        },
        "output": {"output_dir": "$OUTPUT_DIR", "spikes_file": "spikes.h5"},
        "reports": reports,
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with new_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n")
