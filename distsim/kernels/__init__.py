"""Numba functions on plain arrays: no classes, no MPI, no files, no global state."""

import distsim.compiled  # noqa: F401 - keeps machine code
