"""What `setup()` takes for scripts of PyNN's other back ends."""

import logging
import warnings

import pytest

import distsim
from distsim.errors import PortabilityWarning, SetupError
from distsim.pynn import simulator
from distsim.pynn.setup_extras import EXTRAS, LEVELS, SEEDS, translated


@pytest.mark.parametrize(
    ("given", "seed"),
    [
        ({"rng_seed": 3}, 3),
        ({"rng_seeds": range(7, 9)}, 7),
        ({"rng_seeds_seed": 4}, 4),
        ({"grng_seed": 5}, 5),
        ({"native_rng_baseseed": 6}, 6),
        ({"rng_seed": 3, "grng_seed": 3, "seed": None}, 3),
    ],
)
def test_seeds_of_other_back_ends_are_the_seed(given, seed):
    options, notes = translated({k: v for k, v in given.items() if v is not None})
    assert (options, notes) == ({"seed": seed}, [])


def test_one_of_several_seeds_is_taken_and_the_others_are_named():
    options, notes = translated({"grng_seed": 9, "rng_seeds": [4, 5]})
    assert options == {"seed": 4}
    assert notes == ["grng_seed=9: all random numbers depend on rng_seeds=4"]
    options, notes = translated({"rng_seed": 9, "seed": 4})
    assert options == {"seed": 4}
    assert notes == ["rng_seed=9: all random numbers depend on seed=4"]


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({"verbosity": "error"}, "ERROR"),
        ({"verbosity": "all"}, "DEBUG"),
        ({"debug": True}, "DEBUG"),
        ({"debug": False}, None),
        ({"loglevel": logging.WARNING}, "WARNING"),
        ({"loglevel": "info"}, "INFO"),
        ({"verbosity": "error", "log": False}, False),
    ],
)
def test_how_much_is_said_is_the_level_of_the_log(given, level):
    options, notes = translated(given)
    assert (options.get("log"), notes) == (level, [])


@pytest.mark.parametrize(
    "given",
    [
        {"t_flush": 100.0},
        {"use_cvode": False, "quit_on_end": False, "spike_precision": "on_grid"},
        {"threads": 1},
        dict.fromkeys([*EXTRAS, *SEEDS, *LEVELS, "threads"]),
    ],
)
def test_what_is_done_in_any_case_is_taken_without_a_word(given):
    assert translated(given) == ({}, [])


def test_threads_are_those_of_engines_that_have_them():
    assert translated({"threads": 3, "engine": "nest"})[0] == {"engine": "nest", "threads": 3}
    options, notes = translated({"threads": 3, "engine": "native"})
    assert options == {"engine": "native"}
    assert "start 3 ranks" in notes[0]


def test_one_warning_says_what_is_done_instead_of_everything():
    extras = dict.fromkeys(EXTRAS, 17.5)
    with pytest.warns(PortabilityWarning) as caught:
        distsim.setup(timestep=0.2, rng_seed=3, threads=2, log=False, **extras)
    (warning,) = caught
    assert warning.filename == __file__
    text = str(warning.message)
    for name, extra in EXTRAS.items():
        assert (f"{name}=17.5: {extra.instead}" in text) == bool(extra.instead)
    assert "threads=2: engine 'native' has one thread per rank; start 2 ranks" in text
    assert distsim.get_time_step() == 0.2
    assert simulator.state.simulation.seed == 3


def test_a_script_that_sets_up_often_is_warned_once():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            distsim.setup(use_cvode=True, log=False)
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"rng_seed": -1}, "rng_seed = -1"),
        ({"rng_seeds": []}, r"rng_seeds = \[\]"),
        ({"grng_seed": 0.5}, "grng_seed = 0.5"),
        ({"verbosity": "loud"}, "verbosity = 'loud'.*'warning'"),
        ({"use_cvod": True}, "did you mean 'use_cvode'"),
        ({"rng_sed": 3}, "did you mean 'rng_seed'"),
    ],
)
def test_what_none_of_them_knows_is_refused(options, text):
    with pytest.raises(SetupError, match=text):
        distsim.setup(log=False, **options)


def test_scripts_of_a_back_end_set_up_as_they_do_there():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # NEST's and NEURON's, as many scripts have them
        distsim.setup(timestep=0.1, min_delay=0.1, max_delay=4.0, log=False, rng_seeds=[1, 2])
        distsim.setup(timestep=0.1, use_cvode=False, quit_on_end=False, verbosity="error")
