"""What the page "What others ask for" shows is run on real ranks; to be started under mpiexec."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "what_others_ask_for.md"
SCRIPT = re.compile(
    r"^## (?P<wish>[^\n]*)\n(?:(?!^## ).)*?^```python\n(?P<code>.*?)^```$", re.M | re.S
)
SCRIPTS = {match["wish"]: match["code"] for match in SCRIPT.finditer(PAGE.read_text())}


@pytest.mark.parametrize("wish", SCRIPTS)
def test_what_others_ask_for_is_done_on_ranks(wish, comm, shared_tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(shared_tmp_path)
    scope = {"__name__": "__main__"}
    exec(compile(SCRIPTS[wish], f"{PAGE}, {wish}", "exec"), scope)
    digests = comm.allgather(scope.get("digest"))
    assert digests == [scope.get("digest")] * comm.size
    if "CollectiveError" in scope and comm.size > 1:
        assert "get_data" in capsys.readouterr().out
