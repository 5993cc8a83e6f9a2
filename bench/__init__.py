"""What it takes, beside what else a team could use: `make bench`."""
