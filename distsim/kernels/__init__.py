"""Numba functions on plain arrays: no classes, no MPI, no files, no global state."""
