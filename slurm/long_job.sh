#!/bin/bash
#
# A PyNN script that takes longer than a job may: before its time is over, the job writes a
# checkpoint and puts itself back into the queue; what comes out is the same to the bit.
#   sbatch [options of sbatch] long_job.sh model.py [arguments of the script]
#SBATCH --job-name=distsim
#SBATCH --nodes=1
# ranks on each node: as many as it has cores, not hardware threads
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=1
# [days-]hours:minutes:seconds, then Slurm kills the job; with less it begins sooner
#SBATCH --time=01:00:00
# all that is printed; %x stands for the name, %j number of the job
#SBATCH --output=%x-%j.log
#SBATCH --signal=B:USR1@120
# the job may begin again, and then adds to what it has printed
#SBATCH --requeue
#SBATCH --open-mode=append
# where to run, and who pays: `sinfo` shows partitions, your cluster's help accounts
##SBATCH --partition=NAME
##SBATCH --account=NAME
set -euo pipefail

# The software: `module avail` shows what the cluster has. With an MPI by pip no module is needed.
# module load python openmpi
# source ~/venv/bin/activate

# Checkpoints, also in between, for a node that fails. The name has the job's number, which it keeps
# when it begins again: it then goes on from there.
export DISTSIM_CHECKPOINT="$SLURM_JOB_NAME-$SLURM_JOB_ID.checkpoint.h5" DISTSIM_CHECKPOINT_EVERY="15 min" DISTSIM_RESUME=1

# Slurm ends a job at its time limit without mercy. So long before as --signal says it sends USR1
# to this shell alone (B:), which hands it on as USR2: all ranks write a checkpoint, and end with
# status 75. Without B: only what srun has started would get it.
run=
trap 'kill -USR2 "$run"' USR1

# The ranks are started by the mpiexec of the MPI that mpi4py loads, one for each task: right for
# any MPI. `srun --mpi=pmix python model.py` does the same where that MPI is the cluster's own,
# built for Slurm (`srun --mpi=list` shows pmix); srun without it starts runs of one rank each.
distsim run "$@" &
run=$!
while status=0; wait "$run" || status=$?; kill -0 "$run" 2>/dev/null; do :; done

# Not done yet: back into the queue, as the same job. It begins when there is room, on any nodes.
if [ "$status" -eq 75 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 1000 ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
