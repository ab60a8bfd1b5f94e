"""What the pages of the documentation show is run, and the commands in them are the command's.

Blocks of Python of a page run in order, in one process, in a folder of their own. Above a block, in
a comment that no reader sees, may stand

    <!-- before: code, that the block needs and that would only distract -->
    <!-- not run: why it cannot be -->
    <!-- raises: code, of which the block of text below shows the error -->

A block that is not run has to be Python all the same.
"""

import ast
import re
import shlex
from pathlib import Path

import pytest

from distsim.cli import _parser
from distsim.errors import DistsimError, PortabilityWarning

ROOT = Path(__file__).parents[1]
PAGES = {
    str(page.relative_to(ROOT)): page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
}
BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>before|not run|raises):(?P<text>.*?)-->\n)?"
    r"^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def blocks(page, language):
    """Return mark, its text, and code of each block of a language, and of those that raise.

    Above the code are as many empty lines as let errors show the line of the page.
    """
    text = page.read_text()
    found = []
    for match in BLOCK.finditer(text):
        if match["language"] == language or (match["mark"] == "raises" and language == "python"):
            above = "\n" * text.count("\n", 0, match.start("code"))
            mark = (match["text"] or "").strip()
            found.append((match["mark"], mark, above + match["code"]))
    return found


def names(language):
    return [name for name, page in PAGES.items() if blocks(page, language)]


# at the import of Brian 2
@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", names("python"))
def test_what_a_page_shows_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = PAGES[name]
    scope = {"__name__": "__main__"}
    for mark, text, code in blocks(page, "python"):
        if mark == "raises":
            with pytest.raises((DistsimError, PortabilityWarning)) as raised:
                exec(compile(text, f"{page}, raises", "exec"), scope)
            told = f"{raised.type.__name__}: {raised.value}"
            assert told.split() == code.split()
            continue
        if mark == "not run":
            assert len(text.split()) >= 3, f"{page}: why is a block not run?"
            ast.parse(code, page)
            continue
        if mark == "before":
            exec(compile(text, f"{page}, before", "exec"), scope)
        exec(compile(code, page, "exec"), scope)


@pytest.mark.parametrize("name", names("sh"))
def test_commands_of_a_page_are_those_there_are(name):
    for _, _, code in blocks(PAGES[name], "sh"):
        for command in re.split(r"&&|\|\||[;|\n]", code.replace("\\\n", " ")):
            program, *arguments = shlex.split(command, comments=True) or [""]
            if program == "distsim":
                _parser().parse_args(arguments)


def test_every_block_has_a_language_that_is_looked_at_or_is_no_code():
    for page in PAGES.values():
        for match in BLOCK.finditer(page.read_text()):
            language = match["language"] or "text"
            assert language in ("python", "sh", "text", "ini", "toml", "bash"), (page, language)


def collective_calls():
    """Yield the names of all that is marked `@collective`, as users call it."""
    for file in sorted((ROOT / "distsim" / "pynn").rglob("*.py")):
        tree = ast.parse(file.read_text())
        for holder in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
            for function in holder.body:
                for mark in getattr(function, "decorator_list", ()):
                    if getattr(getattr(mark, "func", None), "id", "") != "collective":
                        continue
                    called = [k.value.value for k in mark.keywords if k.arg == "called"]
                    yield called[0] if called else made(function.name, holder)


def made(name, holder):
    """Return what a function is called by: a class, where it is the one that makes it."""
    return holder.name if name == "__init__" else name


def test_every_collective_call_is_on_the_page_of_parallel_runs():
    page = (ROOT / "docs" / "user_guide" / "parallel.md").read_text()
    calls = set(collective_calls())
    assert {"setup", "run", "get_data"} <= calls
    assert [name for name in sorted(calls) if f"`{name}" not in page] == []
