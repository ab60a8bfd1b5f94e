#!/bin/bash
#SBATCH --job-name=distsim
#SBATCH --ntasks=4
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
#SBATCH --output=%x-%j.log
#
# Run a PyNN script on all tasks of the job:
#   sbatch --ntasks=64 run_distsim.sh model.py [arguments of the script]
# DISTSIM_LAUNCH=srun starts the ranks by `srun --mpi=pmix`, DISTSIM_LAUNCH=run (the default) by
# the mpiexec of the MPI that mpi4py loads.
set -euo pipefail

if [ $# -eq 0 ]; then
  echo "usage: sbatch [options] run_distsim.sh script.py [arguments]" >&2
  exit 2
fi

# load here what the cluster asks for, such as: module load openmpi; source ~/venv/bin/activate

# one thread for each rank
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1

if [ "${DISTSIM_LAUNCH:-run}" = srun ]; then
  exec srun --mpi=pmix python "$@"
fi
exec distsim run -n "$SLURM_NTASKS" "$@"
