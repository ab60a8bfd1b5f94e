"""A Slurm of two nodes on this machine, with its own key, ports and folder, on loopback alone."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from distsim.launch import is_root
from distsim.passing import end_with_parent

PROGRAMS = ("unshare", "munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol")
# daemons are where only root looks
SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
NODES = ("n1", "n2")
# each node has a name of its own, as MPI's launchers and libraries expect it
START_OF_NODE = 'hostname "$1" && mount --bind "$2" /etc/hosts && exec "$3" -D -N "$1"'
NAMESPACES = ("unshare", "--uts", "--mount")
CPUS_OF_NODE = 4
# [s]
PATIENCE = 120.0

CONFIGURATION = """
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmctldPort={ports[0]}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/sock,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
TmpFS={folder}/tmp/%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
PlugStackConfig={folder}/plugstack.conf
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1
ReturnToService=2
KillWait=5
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[{ports[1]}-{ports[2]}] CPUs={cpus}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

# states of a job that has come to its end
FINISHED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY"}


def why_not():
    """Return why there can be no Slurm here, or ''."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=SEARCHED) is None]
    if missing:
        return f"no {', '.join(missing)}: apt install slurm-wlm munge"
    if not is_root():
        return "Slurm's daemons want root"
    done = subprocess.run([*NAMESPACES, "true"], check=False, capture_output=True, text=True)
    return f"nodes cannot have names of their own: {done.stderr}" if done.returncode else ""


class Cluster:
    """Slurm's daemons, as children of this process, in a private folder.

    Attributes
    ----------
    environ : dict
        In which Slurm's commands find this cluster.
    """

    def __init__(self, folder):
        self.folder = folder
        names = ("munge", "state", "log", "run", "spool/n1", "spool/n2", "tmp/n1", "tmp/n2")
        for name in names:
            (folder / name).mkdir(parents=True)
        (folder / "munge").chmod(0o755)
        key = folder / "munge" / "key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        (folder / "plugstack.conf").touch()
        text = CONFIGURATION.format(folder=folder, ports=_free_ports(), cpus=CPUS_OF_NODE)
        (folder / "slurm.conf").write_text(text)
        self._daemons = []
        self.environ = _plain_environment() | {"SLURM_CONF": str(folder / "slurm.conf")}

    def start(self):
        """Start all daemons, and wait until both nodes can be used."""
        munge = self.folder / "munge"
        paths = {
            "key-file": munge / "key",
            "socket": munge / "sock",
            "pid-file": munge / "pid",
            "log-file": munge / "log",
            "seed-file": munge / "seed",
        }
        options = [f"--{name}={path}" for name, path in paths.items()]
        # by force, as other users than this one have no way to the folder
        self._start_daemon("munged", "--foreground", "--force", *options)
        self._wait_for((munge / "sock").exists)
        self._start_daemon("slurmctld", "-D")
        (self.folder / "hosts").write_text(f"127.0.0.1 localhost {' '.join(NODES)}\n")
        words = [*NAMESPACES, "sh", "-c", START_OF_NODE, "sh"]
        for node in NODES:
            self._start_daemon(*words, node, self.folder / "hosts", _found("slurmd"))
        self._wait_for(lambda: self._states_of_nodes() == ["idle"] * len(NODES))

    def stop(self):
        """End all jobs, then the daemons, then what is left of either, by their ids."""
        self._try("scancel", "--user=root", "--signal=KILL")
        self._try("scancel", "--user=root")
        for daemon in reversed(self._daemons):
            daemon.terminate()
        for daemon in self._daemons:
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)

    def processes(self, needle=""):
        """Return ids of processes that know this cluster, and have some text in their command."""
        mark = f"SLURM_CONF={self.environ['SLURM_CONF']}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                knows = mark in (process / "environ").read_bytes().split(b"\0")
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if knows and command and needle in command and int(process.name) != os.getpid():
                found.append(int(process.name))
        return found

    def logs(self):
        """Return what the daemons say, for a test that fails."""
        files = [*(self.folder / "log").glob("*"), *self.folder.glob("munge/log")]
        return "\n".join(f"--- {file.name}\n{file.read_text()[-3000:]}" for file in files)

    def command(self, *words, folder=None, status=0, timeout=PATIENCE, **variables):
        """Run a command that finds this cluster; return its output, if its status is as expected.

        Parameters
        ----------
        status : int or None
            None: any.
        """
        done = subprocess.run(
            [str(word) for word in words],
            cwd=folder or self.folder,
            env=self.environ | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        told = done.stdout + done.stderr
        assert status in (None, done.returncode), f"{words}: {done.returncode}\n{told}"
        return done.stdout if status == 0 else told

    def submit(self, script, *args, options=(), folder=None, **variables):
        """Submit a batch script; return the job's id.

        Its output goes to `<id>.log` in the folder where it is submitted.
        """
        output = "%A_%a" if any(str(option).startswith("--array") for option in options) else "%j"
        words = ("sbatch", "--parsable", f"--output={output}.log")
        return self.command(*words, *options, script, *args, folder=folder, **variables).strip()

    def states(self, job):
        """Return the state of a job, or of each task of an array."""
        told = self.command("scontrol", "--oneliner", "show", "job", job)
        return [_field(line, "JobState") for line in told.splitlines()]

    def exit_statuses(self, job):
        """Return status and signal of each task, as in ``0:0``."""
        told = self.command("scontrol", "--oneliner", "show", "job", job)
        return [_field(line, "ExitCode") for line in told.splitlines()]

    def wait(self, *jobs, patience=PATIENCE, log=None):
        """Wait for the end of jobs; return the states of the last."""
        states = []
        for job in jobs:

            def is_over(job=job):
                nonlocal states
                states = self.states(job)
                return set(states) <= FINISHED

            def what(job=job):
                text = log.read_text() if log is not None and log.exists() else ""
                return f"job {job} is {states}\n{text}\n{self.logs()}"

            wait_until(is_over, what, patience)
        return states

    def _start_daemon(self, name, *options):
        log = (self.folder / "log" / f"{name}-{len(self._daemons)}.out").open("w")
        with log:
            self._daemons.append(
                subprocess.Popen(
                    [_found(name), *map(str, options)],
                    env=self.environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=end_with_parent(),
                )
            )

    def _wait_for(self, condition):
        """Wait while all daemons are alive."""

        def is_so():
            assert all(daemon.poll() is None for daemon in self._daemons), self.logs()
            return condition()

        wait_until(is_so, self.logs)

    def _states_of_nodes(self):
        told = self._try("sinfo", "--noheader", "--Node", "--format=%T")
        return told.split()

    def _try(self, *words):
        try:
            return self.command(*words, status=None, timeout=10)
        except subprocess.TimeoutExpired:
            return ""


def wait_until(condition, what=lambda: "", patience=PATIENCE):
    """Wait until a condition holds; fail with a text if it does not in time."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


def _field(line, name):
    (value,) = [word.partition("=")[2] for word in line.split() if word.startswith(name + "=")]
    return value


def _found(program):
    return shutil.which(program, path=SEARCHED)


def _free_ports():
    """Return three free ports, of which the last two are neighbours."""
    for _ in range(100):
        # anywhere, as another process may look for some, too
        first = 20000 + secrets.randbelow(12000)
        try:
            for port in (first, first + 1, first + 2):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first, first + 1, first + 2
    raise OSError("no three ports are free")


def _plain_environment():
    """Return this process's environment, as a user's login shell on a cluster would have it."""
    dropped = ("SLURM_", "OMPI_", "PMIX_", "PRTE_", "DISTSIM_", "SBATCH_", "PYTEST_")
    environ = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    # all jobs of these tests are root's, and share two cores
    return environ | {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_mpi_yield_when_idle": "1",
    }
