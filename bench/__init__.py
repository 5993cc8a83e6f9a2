"""Measures the system: time, cost, load, hostile input. `make bench`, `make load`, `make fuzz`."""
