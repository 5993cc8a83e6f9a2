"""The project's folder, and the time at which its recorded requests came."""

from pathlib import Path

from local.recordings import NOW

__all__ = ["NOW", "ROOT"]

ROOT = Path(__file__).parent.parent.parent
