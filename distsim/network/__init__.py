"""What is described and what is recorded, on this rank, for any engine; no PyNN, no MPI."""

import distsim.compiled  # noqa: F401 - keeps machine code
