"""A stand-in for Secrets Manager."""

import json


class SecretsManager:
    """Stands for Secrets Manager: answers `text`, or fails if it is None."""

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.reads = 0

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        self.reads += 1
        if self.text is None:
            raise ConnectionError
        return {"SecretString": self.text}


def value(current: str, *previous: str) -> str:
    return json.dumps({"current": current, "previous": previous})
