"""Spiking-network models written against the PyNN API, run in parallel with MPI."""
