"""Write the batch scripts of this folder: python slurm/make_scripts.py.

They are what `distsim submit` writes, for any script and its arguments.
"""

from pathlib import Path

from distsim.slurm.batch_script import Job, batch_script

FOLDER = Path(__file__).parent

SINGLE_NODE = """
A PyNN script on one node:
  sbatch [options of sbatch] single_node.sh model.py [arguments of the script]

Options that are given to sbatch count more than those that stand here.
"""

SEVERAL_NODES = """
A PyNN script on several nodes:
  sbatch --nodes=2 --ntasks-per-node=64 several_nodes.sh model.py [arguments of the script]
"""

ARRAY = """
A sweep: a PyNN script with the arguments of each line of a file.
  sbatch --array=1-$(wc -l <list.txt) array.sh list.txt model.py [arguments of all tasks]

`--array=1-100%8` lets at most 8 run at once. Afterwards `distsim collect FOLDER` makes a table.
"""

LONG_JOB = """
A PyNN script that takes longer than a job may: before its time is over, the job writes a
checkpoint and puts itself back into the queue; what comes out is the same to the bit.
  sbatch [options of sbatch] long_job.sh model.py [arguments of the script]
"""

SWEEP = """# Files as they were named where sbatch was called; one folder for all tasks.
list=$(realpath "$1")
model=$(realpath "$2")
folder=$PWD/$SLURM_JOB_NAME-$SLURM_ARRAY_JOB_ID
"""

JOBS = {
    "single_node": Job('"$@"', usage=SINGLE_NODE),
    "several_nodes": Job('"$@"', nodes=2, usage=SEVERAL_NODES),
    "array": Job('"$model" "${@:3}"', usage=ARRAY, ntasks_per_node=1, sweep=SWEEP),
    "long_job": Job('"$@"', usage=LONG_JOB, is_long=True),
}


def texts() -> dict[str, str]:
    """Return what is in each script."""
    return {f"{name}.sh": batch_script(job) for name, job in JOBS.items()}


if __name__ == "__main__":
    for name, text in texts().items():
        (FOLDER / name).write_text(text)
        (FOLDER / name).chmod(0o755)
