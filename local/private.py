"""Folders and files that only the user who runs this can read: they hold tokens."""

import tempfile
from pathlib import Path


def private_folder(path: Path) -> None:
    """Create it for its owner alone, or take it from everybody else."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Replace the file in one step by one that nobody else could read at any time."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # mode 0600
        file.write(text)
    Path(file.name).replace(path)
