"""One module a command; its `command` is what Click runs."""
