"""The team's API, one module per noun. Each has a `router` that `app.py` includes."""
