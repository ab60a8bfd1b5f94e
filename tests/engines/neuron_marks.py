"""Which of NEURON's tests can run here."""

import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

# not by importing it, which would load an MPI of its own before mpi4py has loaded one
HAS_NEURON = (
    find_spec("neuron") is not None
    and shutil.which("make") is not None
    and shutil.which("c++") is not None
)
# in a process of its own, for the same reason
QUESTION = "import neuron, sys; sys.exit(not neuron.config.arguments['NRN_ENABLE_CORENEURON'])"

HAS_CORENEURON = (
    HAS_NEURON
    and subprocess.run([sys.executable, "-c", QUESTION], capture_output=True).returncode == 0
)

needs_neuron = pytest.mark.skipif(not HAS_NEURON, reason="needs NEURON, make and a C++ compiler")
needs_coreneuron = pytest.mark.skipif(
    not HAS_CORENEURON, reason="this NEURON was built without CoreNEURON"
)
