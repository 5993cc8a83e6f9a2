"""SMS delivery reports from any provider, normalized, stored once and acted upon."""
