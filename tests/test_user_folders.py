"""Folders of the user's, whatever the environment says."""

import os

import pytest

from distsim import user_folders
from distsim.user_folders import cache_folder, choose_folder, home_folder, with_home


@pytest.fixture
def temporary(monkeypatch, tmp_path):
    """Return what takes the place of the system's temporary folder."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(user_folders.tempfile, "tempdir", str(folder))
    return folder


def test_xdg_cache_home_counts_if_it_is_absolute(tmp_path):
    home = {"HOME": str(tmp_path)}
    assert cache_folder(home | {"XDG_CACHE_HOME": "/elsewhere"}).as_posix() == "/elsewhere"
    for ignored in ("", "relative"):
        assert cache_folder(home | {"XDG_CACHE_HOME": ignored}) == cache_folder(home)
    assert cache_folder(home).is_relative_to(tmp_path)


def test_without_home_the_system_is_asked(monkeypatch):
    monkeypatch.setattr(user_folders, "_registered_home", lambda: user_folders.Path("/registered"))
    for environ in ({}, {"HOME": ""}):
        assert home_folder(environ).as_posix() == "/registered"
        assert with_home(environ)["HOME"] == "/registered"


def test_a_user_whom_nobody_knows_gets_temporary_folders(monkeypatch, temporary):
    def unknown():
        raise KeyError("uid not found")

    monkeypatch.setattr(user_folders, "_registered_home", unknown)
    assert home_folder({}) is None
    assert with_home({})["HOME"] == str(temporary)
    folder, complaint = choose_folder("mine", None, {})
    assert folder == temporary / f"distsim-{os.getuid()}" / "mine"
    assert complaint == "there is no home folder"
    assert folder.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_a_place_that_cannot_be_is_replaced_by_a_temporary_folder(temporary, tmp_path, variable):
    (tmp_path / "file").touch()
    folder, complaint = choose_folder("mine", None, {variable: str(tmp_path / "file")})
    assert folder == temporary / f"distsim-{os.getuid()}" / "mine"
    assert f"{tmp_path / 'file'}" in complaint


def test_what_can_only_be_read_is_taken_if_something_is_there(monkeypatch, temporary, tmp_path):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(user_folders.tempfile, "TemporaryFile", refuse)
    folder = tmp_path / "shared" / "mine"
    assert choose_folder("mine", tmp_path / "shared").folder is None
    (folder / "something").touch()
    assert choose_folder("mine", tmp_path / "shared") == (folder, "")


@pytest.mark.parametrize("kind", ["link", "open to all"])
def test_a_temporary_folder_that_others_could_fill_is_not_taken(temporary, tmp_path, kind):
    (tmp_path / "file").touch()
    own = temporary / f"distsim-{os.getuid()}"
    if kind == "link":
        (tmp_path / "another").mkdir()
        own.symlink_to(tmp_path / "another")
    else:
        own.mkdir()
        own.chmod(0o777)
    folder, complaint = choose_folder("mine", tmp_path / "file")
    assert folder is None
    assert "is not this user's alone" in complaint
