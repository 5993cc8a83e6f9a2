"""The signature schemes, a module for each kind. A provider's declaration picks one and names its
headers, so an ingest function imports the schemes of its provider and no others.

Where a time is signed it may lie `WINDOW_S` before or after ours. Libraries are imported where they
are needed: only an ingest function whose provider signs that way carries them.
"""
