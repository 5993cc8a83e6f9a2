"""How far a long act has come, on disk, so that it can go on after it was killed.

The file's name is a hash of what is done and of the input's content; in it are counts, and no
number. It is there while the act is unfinished.
"""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

PIECE = 1 << 20


def content_hash(path: Path) -> tuple[str, int]:
    """SHA-256 of a file, and how many lines it has."""
    found, lines = sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
            lines += piece.count(b"\n")
    return found.hexdigest(), lines


class Progress:
    """Of one act: what `save` was given last, under the hash of what the act is."""

    def __init__(self, what: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        home = environment.get("XDG_STATE_HOME")
        state = Path(home or Path(environment.get("HOME", "~"), ".local", "state")).expanduser()
        name = sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:32]
        self.path = state / "dlr" / f"{what['act']}-{name}.json"

    def load(self) -> dict[str, int]:
        """Nothing if there is none, or nothing that can be read."""
        try:
            content = json.loads(self.path.read_text())
            return {str(name): int(count) for name, count in content.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def save(self, counts: Mapping[str, int]) -> None:
        """In one step: whoever is killed meanwhile leaves the one before."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(counts))
        new.replace(self.path)

    def drop(self) -> None:
        """It is over."""
        self.path.unlink(missing_ok=True)
