"""The container engine: the one that runs on this machine, or one of our own until the end.

Our own leaves nothing behind: its data and its socket are in folders of its own, it sets no rules
of the firewall, and its containers reach this machine and nothing beyond it.
"""

import ipaddress
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

from local.process import CannotStart, running

BRIDGE = "docker0"
PACKAGES = ["docker.io"]
TIMEOUT_S = 60.0
"""Of its start, and of its end."""
NEEDED = (
    "A container engine is needed and none answers. Start Docker, or run this as root on Debian or "
    "Ubuntu: it then installs the package docker.io and runs an engine of its own for the time."
)


class Engine:
    """A context manager. `host` is the value of DOCKER_HOST that leads to the engine."""

    host: str

    def __init__(self, folder: Path) -> None:
        self._data = folder / "engine"
        self._log = folder / "dockerd.log"
        self._own = ExitStack()
        self.is_own = False
        """Whether it runs only for us."""

    def __enter__(self) -> Self:
        if not _answers(None) and not shutil.which("dockerd"):
            _install()
        if _answers(None):  # where there is a service manager, the package has started one
            self.host = os.environ.get("DOCKER_HOST") or _host_of_context()
        elif os.geteuid() == 0:
            self._start()
        else:
            raise CannotStart(NEEDED)
        return self

    def __exit__(self, *_: object) -> None:
        """Our own engine ends with its containers, images and bridge; another is left alone."""
        self._own.close()

    def docker(self, *arguments: str, content: IO[bytes] | None = None) -> str:
        """What the command prints. Raises CalledProcessError if it fails."""
        command = ["docker", "--host", self.host, *arguments]
        return subprocess.run(
            command, stdin=content or subprocess.DEVNULL, capture_output=True, check=True
        ).stdout.decode()

    def gateway(self) -> str:
        """This machine's address on the bridge that containers are on."""
        answer = self.docker("network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}")
        for each in json.loads(answer):
            network = ipaddress.ip_network(each["Subnet"])
            if network.version == 4:
                return str(each.get("Gateway") or next(network.hosts()))
        raise CannotStart("The container engine has no bridge with IPv4.")

    def _start(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(parents=True)
        # Not under the project: the path of a socket may have no more than 107 characters.
        run = Path(tempfile.mkdtemp(prefix="dlr-engine-"))
        self.host = f"unix://{run}/docker.sock"
        with ExitStack() as stack:
            if not Path("/sys/class/net", BRIDGE).exists():
                stack.callback(_delete_bridge)
            for folder in (self._data, run):
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
            stack.enter_context(
                running(
                    "dockerd",
                    [
                        *("dockerd", "--host", self.host, "--data-root", str(self._data)),
                        *("--exec-root", f"{run}/exec", "--pidfile", f"{run}/pid"),
                        *("--iptables=false", "--ip-forward=false", "--ip-masq=false"),
                    ],
                    ready=lambda: _answers(self.host),
                    log=self._log,
                    start_timeout_s=TIMEOUT_S,
                    stop_timeout_s=TIMEOUT_S,
                )
            )
            self._own = stack.pop_all()
        self.is_own = True


def _answers(host: str | None) -> bool:
    """Whether an engine answers there, or where the docker command looks by itself."""
    if not shutil.which("docker"):
        return False
    where = ["--host", host] if host else []
    answer = subprocess.run(
        ["docker", *where, "version", "--format", "{{.Server.Version}}"],
        capture_output=True,
        check=False,
    )
    return answer.returncode == 0


def _delete_bridge() -> None:
    if ip := shutil.which("ip"):
        subprocess.run([ip, "link", "delete", BRIDGE], capture_output=True, check=False)


def _host_of_context() -> str:
    """Where the docker command looks: SAM asks only DOCKER_HOST and the default socket."""
    return subprocess.run(
        ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()


def _install() -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotStart(NEEDED)
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        answer = subprocess.run(
            ["apt-get", *command],
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            check=False,
        )
        if answer.returncode != 0:
            raise CannotStart(f"apt-get {command[0]} failed:\n{answer.stderr.decode()}")
