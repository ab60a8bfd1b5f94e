"""Make `tests/naive.py` importable; with importlib mode, pytest leaves sys.path alone."""

import importlib.util
import sys
from pathlib import Path

if "naive" not in sys.modules:
    spec = importlib.util.spec_from_file_location("naive", Path(__file__).parents[1] / "naive.py")
    sys.modules["naive"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["naive"])
