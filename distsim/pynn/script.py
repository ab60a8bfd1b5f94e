"""The script that describes the network."""

import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

__all__ = ["script_facts"]


def script_facts() -> dict[str, Any]:
    """Return path, checksum and arguments of the script that runs, as it is now.

    Nothing where there is none, as in a notebook.
    """
    name = getattr(sys.modules.get("__main__"), "__file__", None)
    path = Path(name).absolute() if name else None
    # Python names what it runs from elsewhere than a file, too
    if path is None or not path.is_file():
        return {}
    digest = sha256(path.read_bytes()).hexdigest()
    return {"script": str(path), "script_sha256": digest, "arguments": sys.argv[1:]}
