"""The `distsim` command."""

import json
import subprocess
import sys
from importlib.metadata import version

import pytest

import distsim as sim
from distsim.cli import main


def distsim(*args, folder):
    return subprocess.run(
        [sys.executable, "-m", "distsim", *map(str, args)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def test_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"distsim {version('distsim')}\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["run", "nowhere.py"], "distsim: the script 'nowhere.py' is not a file"),
        (["run", "-n", "0", __file__], "distsim: -n 0: a job has at least 1 rank"),
        (["run", "--launcher", "/nowhere", __file__], "distsim: the launcher '/nowhere' is not"),
    ],
)
def test_a_mistake_is_told_in_one_line(capsys, args, message):
    assert main(args) == 2
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("gone.h5.parts", "is not a folder"),
        ("run.h5", "is not a folder"),
        ("empty", "has no shards"),
    ],
)
def test_what_merge_cannot_merge_says_what_it_wants(name, what, tmp_path, capsys):
    (tmp_path / "run.h5").touch()
    (tmp_path / "empty").mkdir()
    assert main(["merge", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"distsim: '{tmp_path / name}' {what}")
    assert "the name of its file and '.parts' behind it" in error


def test_a_file_that_is_no_recording_but_ours_is_told_what_to_do_with(tmp_path, capsys):
    checkpoint, weights = tmp_path / "c.h5", tmp_path / "w.h5"
    sim.setup(log=False)
    cells = sim.Population(2, sim.IF_curr_exp())
    synapse = sim.TsodyksMarkramSynapse()
    projection = sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    projection.record("weight", sampling_interval=1.0)
    sim.run(2.0)
    sim.checkpoint(checkpoint)
    projection.write_data(weights)
    for file, way_out in (
        (checkpoint, f"`distsim run --resume --checkpoint '{checkpoint}' SCRIPT`"),
        (weights, "distsim.io.read_connection_values() reads it"),
    ):
        assert main(["inspect", str(file)]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"distsim: '{file}' has no recordings: it ")
        assert way_out in error


def test_what_a_job_has_left_is_to_be_merged_first(tmp_path, capsys):
    (tmp_path / "run.h5.parts").mkdir()
    assert main(["plot", str(tmp_path / "run.h5.parts")]) == 2
    assert f"`distsim merge {tmp_path / 'run.h5.parts'}` makes a file" in capsys.readouterr().err


def test_what_is_no_interval_is_told_before_a_job_begins(tmp_path, capsys):
    (tmp_path / "model.py").touch()
    words = ["run", "--checkpoint", "c.h5", "--checkpoint-every", "10 parsecs"]
    assert main([*words, str(tmp_path / "model.py")]) == 2
    assert capsys.readouterr().err.startswith("distsim: --checkpoint-every = '10 parsecs'; give ")


@pytest.mark.parametrize(
    ("words", "n_ranks", "is_told"),
    [
        ("model.py -n 3", 1, True),
        ("model.py --rate 8 -np 3", 1, True),
        ("-np 2 model.py", 2, False),
        ("-n 2 model.py -n 3", 2, False),
        ("model.py -n many", 1, False),
    ],
)
def test_a_number_of_ranks_behind_the_script_is_the_script_s_and_told(
    words, n_ranks, is_told, tmp_path, monkeypatch, capsys
):
    started = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setattr("distsim.cli.launch", lambda n, *arguments: started.append(n) or 0)
    (tmp_path / "model.py").touch()
    assert main(["run", *words.split()]) == 0
    assert started == [n_ranks]
    text = "3' stands behind the script, which gets it; for 3 ranks put it before the script\n"
    assert capsys.readouterr().err.endswith(text) is is_told


def test_python_says_which_name_is_like_one_that_is_not_there():
    command = [sys.executable, "-P", "-c", "import distsim as sim; sim.IF_cur_exp"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "has no attribute 'IF_cur_exp'. Did you mean: 'IF_curr_exp'?" in done.stderr


def test_unknown_command_is_an_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["walk"])
    assert "invalid choice: 'walk'" in capsys.readouterr().err


def test_run_starts_one_job_of_n_ranks_with_the_script_s_arguments(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from distsim.comm.world import world\n"
        "ranks = world().gather(world().Get_rank())\n"
        "if world().Get_rank() == 0:\n"
        "    print(ranks, sys.argv[1:])\n"
    )
    result = distsim("run", "-n", 3, script, "-n", 9, "--version", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "[0, 1, 2] ['-n', '9', '--version']\n"


def test_run_returns_the_status_of_the_script(tmp_path):
    (tmp_path / "script.py").write_text("import sys\nsys.exit(4)\n")
    assert distsim("run", "script.py", folder=tmp_path).returncode == 4


def test_info_names_versions_mpi_and_engines(capsys):
    assert main(["info"]) == 0
    output = capsys.readouterr().out
    for word in ("distsim ", "numpy ", "mpi4py ", "launcher ", "cores ", "cache ", "loads"):
        assert word in output
    assert f"native    {version('distsim')}, MPI, N ranks" in output
    for engine in ("nest", "neuron", "brian2", "spinnaker"):
        assert f"  {engine} " in output


def test_info_is_there_for_programs_too(capsys):
    assert main(["info", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["Versions"]["distsim"] == version("distsim")
    assert found["MPI"]["cores"].isdecimal()
    assert next(iter(found["Engines"])) == "native"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_shells_can_complete_commands(shell, capsys):
    with pytest.raises(SystemExit) as end:
        main(["--print-completion", shell])
    assert end.value.code == 0
    assert "--checkpoint-every" in capsys.readouterr().out


def test_info_knows_that_the_wheel_of_nest_has_no_mpi(capsys):
    pytest.importorskip("nest")
    main(["info"])
    assert f"{version('nest-simulator')}, threads, no MPI" in capsys.readouterr().out


def test_info_survives_without_mpi(capsys, monkeypatch):
    monkeypatch.setenv("MPI4PY_LIBMPI", "/nowhere")
    assert main(["info"]) == 0
    assert "no MPI library can be loaded" in capsys.readouterr().out
