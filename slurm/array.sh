#!/bin/bash
#
# A sweep: a PyNN script with the arguments of each line of a file.
#   sbatch --array=1-$(wc -l <list.txt) array.sh list.txt model.py [arguments of all tasks]
#
# `--array=1-100%8` lets at most 8 run at once. Afterwards `distsim collect FOLDER` makes a table.
#SBATCH --job-name=distsim
#SBATCH --nodes=1
# ranks on each node: as many as it has cores, not hardware threads
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=1
# [days-]hours:minutes:seconds, then Slurm kills the job; with less it begins sooner
#SBATCH --time=01:00:00
# all that is printed; %x stands for the name, %A array and %a task
#SBATCH --output=%x-%A_%a.log
#SBATCH --no-requeue
# where to run, and who pays: `sinfo` shows partitions, your cluster's help accounts
##SBATCH --partition=NAME
##SBATCH --account=NAME
set -euo pipefail

# The software: `module avail` shows what the cluster has. With an MPI by pip no module is needed.
# module load python openmpi
# source ~/venv/bin/activate

# Files as they were named where sbatch was called; one folder for all tasks.
list=$(realpath "$1")
model=$(realpath "$2")
folder=$PWD/$SLURM_JOB_NAME-$SLURM_ARRAY_JOB_ID

# Line K of a file has the arguments of task K, quoted as for a shell.
line=$(sed -n "${SLURM_ARRAY_TASK_ID}p" "$list")
[ -n "$line" ] || { echo "no line $SLURM_ARRAY_TASK_ID in $list: give --array=1-N" >&2; exit 2; }
eval "arguments=($line)"

# All tasks run the same script: each in a folder of its own, where none overwrites another's file.
mkdir -p "$folder/$SLURM_ARRAY_TASK_ID"
cd "$folder/$SLURM_ARRAY_TASK_ID"
rm -f status
echo "$line" >arguments

# The ranks are started by the mpiexec of the MPI that mpi4py loads, one for each task: right for
# any MPI. `srun --mpi=pmix python model.py` does the same where that MPI is the cluster's own,
# built for Slurm (`srun --mpi=list` shows pmix); srun without it starts runs of one rank each.
status=0
distsim run "$model" "${@:3}" "${arguments[@]}" || status=$?
echo "$status" >status
exit "$status"
