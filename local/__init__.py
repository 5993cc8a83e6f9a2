"""The whole system on this machine: the real template on an embedded AWS."""
