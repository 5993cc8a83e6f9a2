"""A report's whole way on the embedded AWS: webhook in, suppressed number out."""
