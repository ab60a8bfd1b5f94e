"""Run networks of this folder in turn: `several.py network.py block auto ... -- junctions.py ...`.

Most of the time of a job of seven ranks on two cores is that of their beginning.
"""

import runpy
import sys
from itertools import groupby
from pathlib import Path


def main(arguments):
    """Run each with its arguments."""
    for is_end, group in groupby(arguments, "--".__eq__):
        if not is_end:
            name, *sys.argv[1:] = group
            runpy.run_path(str(Path(__file__).with_name(name)), run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
