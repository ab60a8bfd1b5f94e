"""Run the scripts of this folder on a back end, and write what they found to a file.

Called with the name of the back end and the file, of which each rank writes its own. A script that
names another back end has that one word replaced.
"""

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
SCRIPTS = ("named_import", "chosen_simulator", "star_import")


def main(back_end: str, path: str) -> None:
    """Run all, one after the other."""
    found = {}
    for script in SCRIPTS:
        text = (FOLDER / f"{script}.py").read_text()
        sys.argv = [f"{script}.py", back_end, "--n", "50"]
        names = {"__name__": "__main__"}
        exec(compile(text.replace("pyNN.nest", f"pyNN.{back_end}"), script, "exec"), names)
        found[script] = names["results"]
        rank = names["rank" if "rank" in names else "sim"]
        rank = getattr(rank, "rank", rank)()
    Path(f"{path}.{rank}").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
