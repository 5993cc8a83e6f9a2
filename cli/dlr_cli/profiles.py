"""Profiles: the addresses of several systems, and how to get a token of each, in one file.

```
default = "prod"

[profiles.prod]
url = "https://abc123.execute-api.eu-west-1.amazonaws.com"
token_command = "pass show dlr/prod"   # or: token = "dlr_…"

[profiles.staging]
stack = "dlr-staging"                  # address and token out of the AWS account
```
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlr_cli.errors import CommandError

SHOWN_PATH = "~/.config/dlr/config.toml"
KEYS = {"url", "token", "token_command", "stack"}
COMMAND_S = 60


@dataclass(frozen=True, slots=True)
class Profile:
    """One system: its stack, or else its address and where the token comes from."""

    name: str
    stack: str = ""
    url: str = ""
    given: str = field(default="", repr=False)
    command: tuple[str, ...] = ()

    def token(self) -> str:
        """Given, or the first line of what the command prints. Raises CommandError."""
        return self.given or _first_line_of(self.name, self.command)


def path_of(environment: Mapping[str, str]) -> Path:
    """The file, whether it is there or not."""
    home = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "~"), ".config")
    return Path(home, "dlr", "config.toml").expanduser()


def named(environment: Mapping[str, str], name: str) -> Profile:
    """Raises CommandError if there is no such profile."""
    return _profile(_read(path_of(environment)), name)


def default(environment: Mapping[str, str]) -> Profile | None:
    """The one that DLR_PROFILE or the file's `default` names, or None."""
    if name := environment.get("DLR_PROFILE"):
        return named(environment, name)
    content = _read(path_of(environment))
    name = content.get("default")
    if name is None:
        return None
    return _profile(content, str(name))


def _read(path: Path) -> dict[str, Any]:
    """The file's tables, none if there is no file. Raises CommandError, which quotes nothing."""
    import tomllib

    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise CommandError(f"{path} cannot be read, or is no TOML.") from None
    _check_access(path, status, content)
    return content


def _check_access(path: Path, status: os.stat_result, content: Mapping[str, Any]) -> None:
    """Nobody else may read a token in it, or write a command into it. Raises CommandError."""
    tables = content.get("profiles")
    profiles = tables.values() if isinstance(tables, dict) else ()
    has_token = any(isinstance(each, dict) and "token" in each for each in profiles)
    forbidden = stat.S_IWGRP | stat.S_IWOTH
    forbidden |= (stat.S_IRWXG | stat.S_IRWXO) if has_token else 0
    if status.st_mode & forbidden or status.st_uid not in (os.getuid(), 0):
        raise CommandError(f"Others can use {path}: chmod 600 it, or keep no token in it.")


def _profile(content: Mapping[str, Any], name: str) -> Profile:
    tables = content.get("profiles")
    found = tables.get(name) if isinstance(tables, dict) else None
    if not isinstance(found, dict):
        raise CommandError(f"There is no such profile in {SHOWN_PATH}.")
    command = found.get("token_command", [])
    if isinstance(command, str):
        import shlex

        command = shlex.split(command)
    texts = {key: found.get(key, "") for key in ("stack", "url", "token")}
    is_whole = bool(texts["stack"]) != (bool(texts["url"]) and bool(texts["token"] or command))
    if not is_whole or found.keys() - KEYS or not all(isinstance(t, str) for t in texts.values()):
        raise CommandError(
            f"This profile in {SHOWN_PATH} needs `stack`, or else `url` and `token` or "
            "`token_command`, and nothing else."
        )
    words = tuple(map(str, command))
    return Profile(name, texts["stack"], texts["url"], texts["token"], words)


def _first_line_of(name: str, command: tuple[str, ...]) -> str:
    """What the command says on standard error, the person sees."""
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603 # it is the person's own
            command, stdout=subprocess.PIPE, timeout=COMMAND_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        raise CommandError(f"The token_command of profile {name} failed.") from None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if not lines or not lines[0].strip():
        raise CommandError(f"The token_command of profile {name} printed no token.")
    return lines[0]
