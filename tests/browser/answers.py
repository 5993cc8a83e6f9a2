"""What the made-up API answers beyond the examples: enough of everything to fill each page."""

from typing import Any

ANSWERS: dict[str, Any] = {}
