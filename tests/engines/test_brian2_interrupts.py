"""Ctrl-C where the process was begun with SIGINT ignored, as behind nohup."""

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import signal
import distsim as sim
before = signal.getsignal(signal.SIGINT)
assert before is signal.SIG_IGN, before
sim.setup(timestep=0.1, engine="brian2")
assert signal.getsignal(signal.SIGINT) is before
import brian2
brian2.prefs.codegen.target = "numpy"
sim.Population(2, sim.IF_curr_exp(), label="cells")
signal.raise_signal(signal.SIGINT)
sim.run(1.0)
signal.raise_signal(signal.SIGINT)
sim.end()
print("ended")
"""


def test_an_ignored_interrupt_is_ignored_by_brian_too():
    pytest.importorskip("brian2")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.endswith("ended\n"), done.stderr
