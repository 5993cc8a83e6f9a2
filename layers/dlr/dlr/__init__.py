"""SMS delivery reports from any provider, normalized, stored once and acted upon."""

__version__ = "0.1.0"
