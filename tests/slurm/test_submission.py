"""Batch scripts that are written for a user, the parameters of a sweep, and what is refused."""

import subprocess

import pytest

from distsim.cli import main
from distsim.errors import ParameterError
from distsim.slurm.batch_script import Job, batch_script, seconds_of
from distsim.slurm.sweep import collect, read_sweep


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with a script, in which commands run; there is no Slurm."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "model.py").write_text("raise SystemExit(1)\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5400),
        ("2:30", 150),
        ("24:00:00", 86400),
        ("1-0", 86400),
        ("1-2:3", 93780),
        ("1-2:3:4", 93784),
    ],
)
def test_a_time_limit_is_read_as_sbatch_does(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "1h", "0", "00:00:00", "1:2:3:4", "-5", "24.5"])
def test_another_time_limit_is_refused(text):
    with pytest.raises(ParameterError, match=rf"--time '{text}' is no time limit"):
        seconds_of(text)


@pytest.mark.parametrize("launch", ["run", "srun"])
@pytest.mark.parametrize("is_long", [False, True])
@pytest.mark.parametrize("sweep", ["", "list=a\nfolder=b\n"])
def test_each_script_is_one_that_bash_can_read(launch, is_long, sweep):
    text = batch_script(Job("m.py", launch=launch, is_long=is_long, sweep=sweep))
    check = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr
    lines = text.splitlines()
    # sbatch reads what stands before the first command
    first = next(k for k, line in enumerate(lines) if not line.startswith("#"))
    assert not [line for line in lines[first:] if line.startswith("#SBATCH")]
    assert ("--requeue" in text, "--signal" in text) == (is_long, is_long)


def test_notice_of_the_end_leaves_a_short_job_its_time():
    assert "--signal=B:USR1@120" in batch_script(Job("m.py", is_long=True))
    assert "--signal=B:USR1@15\n" in batch_script(Job("m.py", is_long=True, time="5"))
    assert "--signal=B:USR1@1\n" in batch_script(Job("m.py", is_long=True, time="1"))
    assert "--signal=USR2@120" in batch_script(Job("m.py", is_long=True, launch="srun"))


def test_a_dry_run_shows_the_script_and_writes_nothing(folder, capsys):
    command = "submit model.py --nodes 2 --ntasks-per-node 64 --time 24:00:00 --requeue --dry-run"
    more = "--partition long --account brain --module openmpi --sbatch=--mem=4G --name first.try"
    assert main([*command.split(), *more.split(), "--", "--seed", "two words"]) == 0
    text = capsys.readouterr().out
    for line in (
        "#SBATCH --nodes=2",
        "#SBATCH --ntasks-per-node=64",
        "#SBATCH --time=24:00:00",
        "#SBATCH --partition=long",
        "#SBATCH --account=brain",
        "#SBATCH --mem=4G",
        "#SBATCH --job-name=first.try",
        "module load openmpi",
    ):
        assert f"\n{line}\n" in text
    assert "distsim run model.py --seed 'two words'" in text
    assert [path.name for path in folder.iterdir()] == ["model.py"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("submit nowhere.py", "the script 'nowhere.py' is not a file"),
        ("submit model.py", "there is no sbatch on PATH"),
        ("submit model.py --nodes 0", "--nodes 0; give 1 or more"),
        ("submit model.py --time soon", "--time 'soon' is no time limit"),
        ("submit model.py --launch sruns", "--launch 'sruns'; did you mean 'srun'?"),
        ("submit model.py --name a/b", "--name 'a/b'; give letters"),
        ("submit model.py --checkpoint c.h5", "--checkpoint 'c.h5' without --requeue"),
        ("submit model.py --sbatch mem=4G", "--sbatch 'mem=4G'; give one option"),
        ("submit model.py --array none.csv", "--array 'none.csv' is not a file"),
        ("collect .", "'.' has no folders of tasks"),
    ],
)
def test_what_cannot_be_submitted_is_told_in_one_line(folder, capsys, words, message):
    assert main(words.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"distsim: {message}")
    assert error.count("\n") == 1
    assert not list(folder.glob("*.sweep"))


def test_a_refusal_of_slurm_is_passed_on_and_leaves_nothing(folder, capsys):
    sbatch = folder / "sbatch"
    sbatch.write_text("#!/bin/sh\necho 'sbatch: error: invalid partition: gold' >&2\nexit 1\n")
    sbatch.chmod(0o755)
    (folder / "p.csv").write_text("rate\n1\n")
    assert main(["submit", "model.py", "--array", "p.csv", "--partition", "gold"]) == 2
    assert (
        "Slurm refuses the job: sbatch: error: invalid partition: gold" in capsys.readouterr().err
    )
    assert not (folder / "model.sweep").exists()


def test_an_option_that_slurm_does_not_know_is_looked_up_in_its_manual(folder, capsys):
    sbatch = folder / "sbatch"
    sbatch.write_text(
        "#!/bin/sh\necho \"sbatch: unrecognized option '--x'\" >&2\necho 'Try help' >&2\nexit 1\n"
    )
    sbatch.chmod(0o755)
    assert main(["submit", "model.py", "--sbatch=--x"]) == 2
    assert capsys.readouterr().err == (
        "distsim: Slurm refuses the job: sbatch: unrecognized option '--x'; Try help. "
        "`man sbatch` has all options\n"
    )


def test_a_file_of_someone_else_s_is_not_written_over(folder, capsys):
    (folder / "sbatch").write_text("#!/bin/sh\necho 1\n")
    (folder / "sbatch").chmod(0o755)
    (folder / "model.sbatch").write_text("my own\n")
    assert main(["submit", "model.py"]) == 2
    assert "'" + str(folder / "model.sbatch") + "' was not written by" in capsys.readouterr().err
    assert (folder / "model.sbatch").read_text() == "my own\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no line for a task"),
        ("rate,weight\n", "has no line for a task"),
        ("rate,rate\n1,2\n", "each must be a word of its own"),
        ("the rate\n1\n", "each must be a word of its own"),
        ("rate,weight\n1,2\n3\n", r"line 3: \['3'\]; give 2 values"),
        ('rate\n"1\n2"\n', "without a line break"),
    ],
)
def test_a_table_that_is_no_sweep_is_refused(tmp_path, text, message):
    file = tmp_path / "p.csv"
    file.write_text(text)
    with pytest.raises(ParameterError, match=message):
        read_sweep(file)


def test_a_sweep_is_collected_in_whatever_state_it_is(tmp_path):
    (tmp_path / "parameters.csv").write_text("rate,label\n1,a\n2,b c\n3,d\n4,e\n")
    for task, status in [("1", "0\n"), ("2", "9\n"), ("3", None)]:
        (tmp_path / task).mkdir()
        (tmp_path / task / "out.txt").touch()
        if status is not None:
            (tmp_path / task / "status").write_text(status)
    path, states = collect(tmp_path)
    assert states == {"done": 1, "failed": 1, "unfinished": 1, "not begun": 1}
    assert path.read_text().splitlines() == [
        "task,rate,label,state,exit_status,files",
        "1,1,a,done,0,out.txt",
        "2,2,b c,failed,9,out.txt",
        "3,3,d,unfinished,,out.txt",
        "4,4,e,not begun,,",
    ]
