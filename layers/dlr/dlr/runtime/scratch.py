"""A folder for temporary files that no other process uses.

A Lambda function's `/tmp` outlives a process that was killed, and is small. Where several functions
share a machine, they share its folder for temporary files too.
"""

import os
import shutil
import tempfile
from pathlib import Path


def own_folder(name: str) -> Path:
    """A new folder; those that processes of this name have left behind are removed."""
    parent = Path(tempfile.gettempdir()) / name
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in parent.iterdir():
        if not _is_alive(folder.name):
            shutil.rmtree(folder, ignore_errors=True)
    own = parent / str(os.getpid())
    own.mkdir()
    return own


def _is_alive(process_id: str) -> bool:
    """Whether another process has this id."""
    if not process_id.isdecimal() or int(process_id) == os.getpid():
        return False
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
