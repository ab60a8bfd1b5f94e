#!/bin/bash
#
# A PyNN script on one node:
#   sbatch [options of sbatch] single_node.sh model.py [arguments of the script]
#
# Options that are given to sbatch count more than those that stand here.
#SBATCH --job-name=distsim
#SBATCH --nodes=1
# ranks on each node: as many as it has cores, not hardware threads
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=1
# [days-]hours:minutes:seconds, then Slurm kills the job; with less it begins sooner
#SBATCH --time=01:00:00
# all that is printed; %x stands for the name, %j number of the job
#SBATCH --output=%x-%j.log
#SBATCH --no-requeue
# where to run, and who pays: `sinfo` shows partitions, your cluster's help accounts
##SBATCH --partition=NAME
##SBATCH --account=NAME
set -euo pipefail

# The software: `module avail` shows what the cluster has. With an MPI by pip no module is needed.
# module load python openmpi
# source ~/venv/bin/activate

# The ranks are started by the mpiexec of the MPI that mpi4py loads, one for each task: right for
# any MPI. `srun --mpi=pmix python model.py` does the same where that MPI is the cluster's own,
# built for Slurm (`srun --mpi=list` shows pmix); srun without it starts runs of one rank each.
exec distsim run "$@"
