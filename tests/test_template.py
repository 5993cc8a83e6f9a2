"""template.yaml keeps its promises, where the embedded AWS cannot show it."""
