"""What the lake answers: search, statistics, comparison, unfinished messages."""
