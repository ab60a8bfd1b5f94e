"""Jobs for Slurm: batch scripts, sweeps, `distsim submit` and `distsim collect`."""
