"""An estimate as text, and as JSON."""

import json
from collections.abc import Callable
from typing import Any

from distsim.estimate.estimate import Estimate, Job

__all__ = ["as_json", "as_text"]

MEMORY = {
    "base": "Python, libraries, kernels, script",
    "cells": "cells and sources",
    "static": "static synapses",
    "plastic": "plastic synapses",
    "electrical": "gap junctions",
    "recording": "recording",
    "whole": "what grows with the whole network",
    "building": "while synapses are built",
}
WIDTH = 38


def as_text(found: Estimate) -> str:
    """Return tables: the network, files, and for each number of ranks memory and time."""
    lines = [*_network(found), "", *_files(found), ""]
    lines.append(f"{'ranks':<{WIDTH}}" + "".join(f"{job.n_ranks:>16}" for job in found.jobs))
    lines += _memory(found) + _times(found)
    return "\n".join([*lines, "", *_grounds(found)])


def as_json(found: Estimate) -> str:
    """Return the same as one JSON document; bytes, seconds, Hz."""
    calibration, rates = found.calibration, found.rates
    document: dict[str, Any] = {
        "script": str(found.described.script),
        "followed_to": found.described.ended_by,
        "n_cells": found.n_updated,
        "n_sources": found.network.n_cells - found.n_updated,
        "n_synapses": found.network.n_synapses,
        "n_synapses_error": found.network.error_of_synapses,
        "n_steps": found.described.n_steps,
        "dt": found.network.dt,
        "rate": found.mean_rate(),
        "rate_low": found.mean_rate(-1.0),
        "rate_high": found.mean_rate(1.0),
        "rate_is_given": rates.is_given,
        "file": found.recorded.n_bytes,
        "file_low": found.least.n_bytes,
        "file_high": found.most.n_bytes,
        "n_spikes": found.recorded.n_spikes,
        "n_samples": found.recorded.n_samples,
        "checkpoint_cells": found.checkpoint.cells,
        "checkpoint_synapses": found.checkpoint.synapses,
        "describe_s": found.described.seconds,
        "epoch_steps": calibration.epoch_steps,
        "jobs": [_job(job) for job in found.jobs],
    }
    return json.dumps(document, indent=1)


def _job(job: Job) -> dict[str, Any]:
    return {
        "n_ranks": job.n_ranks,
        "rank": job.share.rank,
        "n_cells": job.share.n_cells,
        "n_synapses": job.share.n_synapses,
        "memory": {name: getattr(job.memory, name) for name in MEMORY},
        "memory_peak": job.memory.peak,
        "construction_s": job.build,
        "run_s": job.run,
        "run_low_s": job.fastest,
        "run_high_s": job.slowest,
        "exchange_s": job.exchanging,
        "exchange": job.exchange.kind,
        "exchange_is_measured": job.exchange.is_measured,
        "is_extrapolated": job.is_extrapolated,
    }


def _network(found: Estimate) -> list[str]:
    described, network, rates = found.described, found.network, found.rates
    error = network.error_of_synapses
    more = f" +- {2 * error:.1g}" if error else ""
    lines = [
        f"{described.script}: {found.n_updated} cells, {network.n_cells - found.n_updated} "
        f"sources, {network.n_synapses:.6g}{more} synapses",
        f"{described.n_runs} run(s), {found.seconds:g} s in steps of {network.dt:g} ms; "
        f"the script was followed to {described.ended_by}",
    ]
    if rates.is_given:
        return [*lines, f"rate: {found.mean_rate():.3g} Hz, as given"]
    return [
        *lines,
        f"rate: {found.mean_rate():.3g} Hz ({found.mean_rate(-1):.3g} to {found.mean_rate(1):.3g})"
        f", found with {_part(rates.part)} of the network for {rates.duration:g} ms"
        + ("" if rates.part == 1 else ", which hears made-up spikes of the rest at the same rate")
        + "; --rate HZ for another",
    ]


def _part(part: float) -> str:
    return "all" if part == 1 else f"1/{round(1 / part)}"


def _files(found: Estimate) -> list[str]:
    recorded, checkpoint = found.recorded, found.checkpoint
    low, high = found.least.n_bytes, found.most.n_bytes
    between = "" if low == high else f" ({_bytes(low)} to {_bytes(high)})"
    return [
        f"recorded: {recorded.n_spikes:.4g} spikes, {recorded.n_samples:.4g} samples; as .h5, not "
        f"compressed: {_bytes(recorded.n_bytes)}{between}",
        f"checkpoint: {_bytes(checkpoint.cells + checkpoint.synapses)}, and what was recorded "
        "until then",
    ]


def _memory(found: Estimate) -> list[str]:
    jobs = found.jobs
    lines = [_row("memory of a rank, at its peak", jobs, lambda job: _bytes(job.memory.peak))]
    for name, text in MEMORY.items():
        values = [getattr(job.memory, name) for job in jobs]
        if any(values):
            lines.append(
                f"  {text:<{WIDTH - 2}}" + "".join(f"{_bytes(value):>16}" for value in values)
            )
    return lines


def _times(found: Estimate) -> list[str]:
    jobs, model = found.jobs, found.seconds or float("nan")
    describing = _seconds(found.described.seconds)
    return [
        _row("description (as here)", jobs, lambda job: describing),
        _row("construction", jobs, lambda job: _seconds(job.build)),
        _row("run", jobs, lambda job: _seconds(job.run)),
        _row("  from", jobs, lambda job: _seconds(job.fastest)),
        _row("  to", jobs, lambda job: _seconds(job.slowest)),
        _row("  of that, exchange", jobs, lambda job: _seconds(job.exchanging)),
        _row("real-time factor", jobs, lambda job: f"{job.run / model:.3g}"),
        _row("measured with", jobs, _ground_of),
        _row("exchange", jobs, _exchange_of),
    ]


def _row(text: str, jobs: list[Job], value: Callable[[Job], str]) -> str:
    return f"{text:<{WIDTH}}" + "".join(f"{value(job):>16}" for job in jobs)


def _ground_of(job: Job) -> str:
    return "smaller pieces" if job.is_extrapolated else "its share"


def _exchange_of(job: Job) -> str:
    if job.exchange.kind == "none":
        return "none"
    return f"{job.exchange.kind}" + ("" if job.exchange.is_measured else "*")


def _grounds(found: Estimate) -> list[str]:
    lines = [
        "times: of such a processor, a core for each rank. In checks on 1 rank, runs took 0.8 to",
        "1.6 times what was told, memory 0.97 to 1 times, files 1 to 1.02 times (docs/estimate.md)",
    ]
    if any(not job.exchange.is_measured for job in found.jobs):
        lines.append("* modelled: 2 us for a hop, 0.1 ns for a byte, as in docs/scaling.md")
    return lines


def _bytes(n: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n:.0f} B"


def _seconds(seconds: float) -> str:
    if seconds >= 7200:
        return f"{seconds / 3600:.3g} h"
    if seconds >= 120:
        return f"{seconds / 60:.3g} min"
    return f"{seconds:.3g} s"
