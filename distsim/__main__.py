"""The `distsim` command as ``python -m distsim``."""

import sys

from distsim.cli import main

if __name__ == "__main__":
    sys.exit(main())
