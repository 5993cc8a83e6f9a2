"""A stand-in for Secrets Manager."""

import json
from collections.abc import Sequence

from botocore.exceptions import ClientError


class SecretsManager:
    """Stands for Secrets Manager: answers `text`, or fails if it is None, with `code` if given."""

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.code: str | None = None
        self.reads = 0

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        self.reads += 1
        if self.code is not None:
            raise ClientError({"Error": {"Code": self.code}}, "GetSecretValue")
        if self.text is None:
            raise ConnectionError
        return {"SecretString": self.text}


def value(current: str, *previous: str, signing_keys: Sequence[str] = ()) -> str:
    return json.dumps({"current": current, "previous": previous, "signing_keys": [*signing_keys]})
