"""`distsim validate`: a script on several engines, compared."""

import functools
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from neuron_marks import HAS_NEURON

from distsim import validation
from distsim.io.recordings import PopulationData, PopulationInfo, SignalData, SpikeData

EXAMPLES = Path(__file__).parents[2] / "examples"


# IF_curr_exp is that of the tutorial, which is validated too
LINEAR_MODELS = ["IF_curr_alpha", "IF_curr_delta", "IF_cond_exp"]
BRUNEL = ("brunel.py", "--cells", "1000", "--duration", "300")


def validate(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-P", "-m", "distsim", "validate", "--output", str(folder / "out")]
        + [str(argument) for argument in arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def pairs_of(job):
    """Return the words of the table of pairs, which end in cells, times and voltages."""
    lines = [line.split() for line in job.stdout.splitlines() if "native, nest" in line]
    assert lines
    return lines


@pytest.fixture(scope="module")
def on_all_engines(tmp_path_factory):
    """Return a function that has a script validated, once, on each of three engines that is here.

    The job's folder is returned, too.
    """

    @functools.cache
    def run(*arguments):
        folder = tmp_path_factory.mktemp("validated")
        engines = ["native", *(["nest"] if find_spec("nest") else [])]
        engines += ["neuron"] if HAS_NEURON else []
        script, *options = arguments
        return validate(folder, "--engines", ",".join(engines), EXAMPLES / script, *options), folder

    return run


def rows_of(job, *engines):
    """Return the words of the table of populations that are ok, of engines in their order."""
    rows = [line.split() for line in job.stdout.splitlines() if line.endswith("ok")]
    return [row for row in rows if set(row) & set(engines)]


def engine_of(row):
    return next(word for word in row if word in ("native", "nest", "neuron", "brian2"))


def test_the_tutorial_is_the_same_on_native_and_nest(on_all_engines):
    pytest.importorskip("nest")
    job, folder = on_all_engines("simple_network.py")
    assert job.returncode == 0, job.stdout + job.stderr
    assert [row[3] for row in rows_of(job, "native", "nest")] == ["native", "nest"] * 2
    for pair in pairs_of(job):
        assert pair[-6:-3] == ["100", "of", "100"]
        assert float(pair[-3]) == 0.0
        assert float(pair[-2]) < 1e-9
    assert "nest: 5032 connections, the same as native's to the bit" in job.stdout
    picture = (folder / "out" / "simple_network.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


def assert_the_same_steps(job):
    assert job.returncode == 0, job.stdout + job.stderr
    assert [row[2] for row in rows_of(job, "native", "nest")] == ["native", "nest"] * 2
    for pair in pairs_of(job):
        assert pair[-6] == pair[-4]
        assert float(pair[-3]) == 0.0
        assert pair[-2] == "-" or float(pair[-2]) < 1e-3
    assert re.search("nest: .* the same as native's to the bit", job.stdout)


@pytest.mark.parametrize("synapses", ["cuba", "coba"])
def test_networks_spike_in_the_same_steps_on_native_and_nest(tmp_path, synapses):
    pytest.importorskip("nest")
    network = EXAMPLES / "vogels_abbott.py", "--synapses", synapses
    # on the engines that are compared if none are named
    assert_the_same_steps(validate(tmp_path, *network, "--cells", "1000", "--duration", "200"))


def test_brunels_network_spikes_in_the_same_steps_on_native_and_nest(on_all_engines):
    pytest.importorskip("nest")
    assert_the_same_steps(on_all_engines(*BRUNEL)[0])


# COBA at full size: a small network falls silent after a random time. Spikes shift by a step where
# NEURON integrates by implicit Euler, then each engine goes its own way: what can be compared are
# means over so long that they hardly vary, within what `validate` allows anyway.
@pytest.mark.parametrize(
    "arguments",
    [
        ("simple_network.py",),
        pytest.param(
            ("vogels_abbott.py", "--synapses", "cuba", "--cells", "1000", "--duration", "400"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("vogels_abbott.py", "--synapses", "coba", "--cells", "4000", "--duration", "500"),
            marks=pytest.mark.slow,
        ),
        BRUNEL,
    ],
    ids=lambda arguments: "-".join(arguments[:3:2]),
)
def test_networks_have_the_same_rates_on_native_and_neuron(on_all_engines, arguments):
    if not HAS_NEURON:
        pytest.skip("needs NEURON, make and a C++ compiler")
    job, _ = on_all_engines(*arguments)
    assert job.returncode == 0, job.stdout + job.stderr
    rows = rows_of(job, "native", "neuron")
    assert [engine_of(row) for row in rows] == ["native", "neuron"] * 2
    assert min(int(row[row.index(engine_of(row)) + 1]) for row in rows) > 400
    for engine in ("native", "neuron"):
        assert re.search(f"{engine}: .* the same as native's to the bit", job.stdout)


def test_models_of_each_kind_are_validated_on_all_engines(tmp_path, monkeypatch):
    """Noisy cells: the same spikes on NEST and Brian 2, as many within a step's error on NEURON."""
    engines = ["native", *(name for name in ("nest", "brian2") if find_spec(name))]
    if HAS_NEURON:
        engines.append("neuron")
    here = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", str(here))
    # compiled, it would take half a minute
    (tmp_path / "brian_preferences").write_text("codegen.target = 'numpy'\n")
    script = here / "noisy_cells.py", *LINEAR_MODELS
    job = validate(tmp_path, "--engines", ",".join(engines), *script)
    assert job.returncode == 0, job.stdout + job.stderr
    rows = rows_of(job, *engines)
    assert [(row[1], row[2]) for row in rows] == [(m, e) for m in LINEAR_MODELS for e in engines]
    assert all(int(row[3]) > 50 for row in rows)
    assert job.stdout.count("the same as native's to the bit") == len(engines)
    lines = [line.split() for line in job.stdout.splitlines()]
    pairs = [w for w in lines if w[2:4] in (["native,", "nest"], ["native,", "brian2"])]
    assert len(pairs) == len(LINEAR_MODELS) * len({"nest", "brian2"} & set(engines))
    for words in pairs:
        assert words[4:8] == ["20", "of", "20", "0"], words
        assert float(words[8]) < 1e-3, words


def test_a_difference_gives_a_status(tmp_path):
    pytest.importorskip("nest")
    script = tmp_path / "model.py"
    script.write_text(
        "import os\n"
        "import distsim as sim\n"
        "sim.setup(log=False)\n"
        "offset = 1.5 if os.environ['DISTSIM_ENGINE'] == 'nest' else 1.0\n"
        "cells = sim.Population(3, sim.IF_curr_exp(i_offset=offset))\n"
        "cells.record('spikes')\n"
        "sim.run(200.0)\n"
        "sim.end()\n"
    )
    job = validate(tmp_path, script)
    assert job.returncode == 1, job.stderr
    assert "differs: rate" in job.stdout


def test_a_script_that_keeps_nothing_is_told(tmp_path):
    script = tmp_path / "model.py"
    script.write_text("import distsim as sim\nsim.setup(log=False)\nsim.run(1.0)\n")
    job = validate(tmp_path, "--engines", "native", script)
    assert job.returncode == 2
    assert "call `sim.end()`" in job.stderr


def test_a_script_with_an_engine_of_its_own_is_told(tmp_path):
    script = tmp_path / "model.py"
    script.write_text(
        "import distsim as sim\nsim.setup(log=False, engine='native')\n"
        "sim.Population(1, sim.IF_curr_exp()).record('spikes')\nsim.run(1.0)\nsim.end()\n"
    )
    job = validate(tmp_path, "--engines", "nest", script)
    assert job.returncode == 2
    assert "ran on engine 'native', not on 'nest'" in job.stderr


def outcome(engine, trains, v, connections="a"):
    node_ids = np.arange(len(trains))
    times = np.concatenate(trains)
    senders = np.repeat(node_ids, [len(train) for train in trains])
    signal = SignalData("v", "mV", node_ids[:1], np.array(v)[:, None], 0.0, 0.1)
    data = PopulationData(
        PopulationInfo("cells", len(trains), 0), SpikeData(node_ids, times, senders), [signal]
    )
    facts = {"connections": {"0: p": ["1", connections]}, "seconds": {"build": 0.0, "run": 0.0}}
    return validation.Outcome(engine, facts, 100.0, {"0: cells": data})


def test_what_is_compared():
    regular = [np.arange(10.0, 91.0, 20.0), np.array([5.0, 6.0, 7.0, 8.0]), np.zeros(0)]
    shifted = [train + 0.2 for train in regular]
    first = outcome("native", regular, [1.0, 2.0])
    rows = validation.compare(
        [first, outcome("other", shifted, [1.0, 2.5], connections="b")], validation.Tolerances()
    )
    assert rows[0].n_spikes == 9
    assert rows[0].rate == pytest.approx(9 / 3 / 0.1)
    assert rows[0].cv == 0.0
    assert rows[0].failures == []
    assert rows[1].failures == ["connections"]
    fewer = outcome("fewer", [regular[0], regular[1][:2], regular[2]], [1.0, 2.0])
    row = validation.compare([first, fewer], validation.Tolerances())[1]
    assert row.failures == ["rate"]


def test_all_pairs_of_engines_are_compared():
    regular = [np.arange(10.0, 91.0, 20.0), np.array([5.0, 6.0, 7.0, 8.0]), np.zeros(0)]
    one = outcome("one", regular, [1.0, 2.0])
    two = outcome("two", [train + 0.2 for train in regular], [1.0, 2.5])
    three = outcome("three", [regular[0], regular[1][:2], regular[2]], [1.0, np.nan])
    found = {pair.engines: pair for pair in validation.pairs([one, two, three])}
    assert list(found) == ["one, two", "one, three", "two, three"]
    pair = found["one, two"]
    assert (pair.n_cells, pair.n_alike) == (3, 3)
    assert pair.spike_difference == pytest.approx(0.2)
    assert pair.v_difference == 0.5
    assert pair.v_rms == pytest.approx(0.5 / np.sqrt(2.0))
    assert found["one, three"].n_alike == 2
    assert found["one, three"].spike_difference == 0.0
    assert found["two, three"].v_difference == 0.0


PLASTIC = """
import distsim as sim
sim.setup(timestep=0.1, seed=3)
cells = sim.Population(10, sim.IF_curr_exp(i_offset=1.2), label="cells")
noise = sim.Population(10, sim.SpikeSourcePoisson(rate=100.0), label="noise")
synapse = sim.STDPMechanism(
    timing_dependence=sim.SpikePairRule(A_plus=0.05, A_minus=0.03),
    weight_dependence=sim.AdditiveWeightDependence(w_max=0.4),
    weight=0.2,
    delay=1.5,
)
sim.Projection(noise, cells, sim.AllToAllConnector(), synapse, label="learns")
cells.record("spikes")
sim.run(100.0)
noise.set(rate=0.0)
sim.run(5.0)
sim.end()
"""


def test_weights_that_were_learned_are_compared(tmp_path):
    pytest.importorskip("nest")
    script = tmp_path / "learn.py"
    script.write_text(PLASTIC)
    job = validate(tmp_path, "--engines", "native,nest", script)
    assert job.returncode == 0, job.stdout + job.stderr
    lines = [line.split() for line in job.stdout.splitlines() if " learns " in line]
    assert [line[2:4] for line in lines] == [["native", "100"], ["nest", "100"]]
    mean, deviation, largest = (float(number) for number in lines[1][4:7])
    assert mean != 0.2
    assert deviation > 0.01
    assert largest < 1e-9
    assert lines[1][-1] == "ok"


def test_a_difference_of_weights_is_told():
    def outcome(engine, weights):
        facts = {"connections": {"0: p": ["3", "aa"]}, "seconds": {"build": 0.0, "run": 0.0}}
        return validation.Outcome(engine, facts, 1.0, {}, {"0: p": np.array(weights)})

    outcomes = [outcome("native", [1.0, 2.0, 3.0]), outcome("nest", [1.0, 2.0, 4.0])]
    rows = validation.compare_weights(outcomes, validation.Tolerances(weight=0.1))
    assert [row.failures for row in rows] == [[], ["weights"]]
    assert rows[1].largest_difference == 1.0
    assert rows[1].rms_difference == pytest.approx(np.sqrt(1 / 3))
    assert "differs: weights" in validation.report(outcomes, [], rows)
    rows = validation.compare_weights(outcomes, validation.Tolerances(weight=0.2))
    assert [row.failures for row in rows] == [[], []]
