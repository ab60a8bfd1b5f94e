"""Ctrl-C in whole jobs: how they end, and that they live on where a script catches it."""

import os
import signal
import threading

import numpy as np
import pytest

import distsim
from distsim.interrupts import Interrupts

SCRIPT = """
import os, signal, sys, threading
import numpy as np
import distsim as sim

signal.signal(signal.SIGINT, signal.default_int_handler)
rank = sim.setup(timestep=0.1, log=False, progress=False)
cells = sim.Population(20, sim.IF_curr_exp(i_offset=np.linspace(0.5, 2.0, 20)))
{more}
sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.2),
               sim.StaticSynapse(weight=0.01, delay=1.0))
cells.record(["spikes", "v"], sampling_interval=10.0)
sim.run(10.0)

def run_for_ever():
    # not in a callback: signals are to come while compiled code runs
    if rank in {who}:
        threading.Timer(0.15, os.kill, (os.getpid(), signal.SIGINT)).start()
    sim.run(1e8)

"""
TWO_MODELS = "others = sim.Population(3, sim.IF_cond_exp(i_offset=1.0))"

CAUGHT = """
for k in range(6):
    try:
        run_for_ever()
    except KeyboardInterrupt:
        t = sim.get_current_time()
    v = cells.get_data(clear=True).segments[0].filter(name="v")[0]
    assert len(v) and abs(float(v.t_stop) - 10.0 - t) <= 10.0, (v.t_stop, t)
    sim.run(5.0)
    assert abs(sim.get_current_time() - t - 5.0) < 1e-6
if rank == 0:
    print("all is well")
"""


def program(tmp_path, what, who="[0]", more=""):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(who=who, more=more) + what)
    return path


@pytest.mark.parametrize("n_ranks", [1, 2, 3])
def test_a_script_that_catches_interrupts_reads_what_there_is_and_goes_on(
    mpi_job, tmp_path, n_ranks
):
    job = mpi_job(n_ranks, program(tmp_path, CAUGHT, who=f"[{n_ranks - 1}]"))
    assert job.returncode == 0, job.stdout
    assert "all is well" in job.stdout


@pytest.mark.parametrize(
    ("n_ranks", "who", "more"), [(2, [1], ""), (2, [0, 1], TWO_MODELS), (3, [0], TWO_MODELS)]
)
def test_an_interrupt_that_nobody_catches_ends_the_job_with_one_message(
    mpi_job, tmp_path, n_ranks, who, more
):
    job = mpi_job(n_ranks, program(tmp_path, "run_for_ever()", str(who), more))
    assert job.returncode == 130, job.stdout
    assert job.stdout.count("interrupted") == 1, job.stdout


@pytest.fixture
def sim():
    """Return the back end, and restore the handler of SIGINT at the end."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    distsim.setup(timestep=0.1, log=False, progress=False)
    yield distsim
    signal.signal(signal.SIGINT, before)


def strike_in_run(monkeypatch):
    """Let SIGINT come in each pause of a run."""
    from distsim.engines.pace import Pace

    pause = Pace.pause

    def struck(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return pause(*arguments)

    monkeypatch.setattr(Pace, "pause", struck)


def test_the_handler_is_put_back(sim, monkeypatch):
    sim.Population(1, sim.IF_curr_exp())
    sim.run(1.0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    strike_in_run(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        sim.run(1000.0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_may_put_another_one_in_its_place(sim, monkeypatch):
    def second(*_):
        raise ValueError("the second one")

    signal.signal(signal.SIGINT, lambda *_: signal.signal(signal.SIGINT, second))
    strike_in_run(monkeypatch)
    sim.Population(1, sim.IF_curr_exp())
    with pytest.raises(ValueError, match="the second one"):
        sim.run(1000.0)
    assert signal.getsignal(signal.SIGINT) is second


@pytest.mark.parametrize("ignored", [signal.SIG_IGN, signal.SIG_DFL])
def test_where_no_function_handles_interrupts_none_is_noted(ignored):
    before = signal.signal(signal.SIGINT, ignored)
    try:
        with Interrupts() as interrupts:
            assert signal.getsignal(signal.SIGINT) is ignored
            if ignored == signal.SIG_IGN:
                signal.raise_signal(signal.SIGINT)
        assert not interrupts.is_noted
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_run_in_another_thread_is_not_interrupted(sim):
    sim.Population(1, sim.IF_curr_exp())
    thread = threading.Thread(target=sim.run, args=(5.0,))
    thread.start()
    thread.join(60)
    assert sim.get_current_time() == 5.0


def test_an_interrupt_in_a_callback_happens_at_once(sim):
    cells = sim.Population(2, sim.IF_curr_exp(i_offset=2.0))
    cells.record("v")

    def interrupt(t):
        if t > 3.0:
            signal.raise_signal(signal.SIGINT)
        return t + 1.0

    with pytest.raises(KeyboardInterrupt):
        sim.run(10.0, callbacks=[interrupt])
    assert sim.get_current_time() == 4.0
    assert cells.get_data().segments[0].filter(name="v")[0].shape == (41, 2)
    assert sim.run(6.0) == 10.0
    assert np.isfinite(cells.get_data().segments[0].filter(name="v")[0].magnitude).all()
