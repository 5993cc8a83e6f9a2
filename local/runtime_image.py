"""The image that functions run in under `sam local`: AWS's own, or a stand-in where there is none.

The stand-in is this machine's Python 3.13 with AWS's runtime client and boto3, and the few files of
this system that they need. It needs no network but for those two packages.
"""

import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from local import runtime
from local.engine import Engine
from local.process import CannotStart
from local.stack import ROOT

PYTHON = runtime.VERSION
OWN = f"public.ecr.aws/lambda/python:{PYTHON}-x86_64"
STAND_IN = f"dlr-stand-in:python{PYTHON}"
TOOLS = ("sh", "mv", "cp", "rm", "chmod", "cat")  # what SAM's own image build calls
NOT_NEEDED = {"test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip"}
BOOTSTRAP = f"""#!/bin/sh
export PYTHONPATH=/var/task:/opt/python:/var/runtime
exec /var/lang/bin/python{PYTHON} -m awslambdaric "$_HANDLER"
"""
LIBRARY = re.compile(r"(/\S+) \(0x")


def runtime_image(engine: Engine, built: Path) -> str:
    """The image's name. `built` is what `sam build` made: its libraries need some of the system."""
    try:
        engine.docker("image", "inspect", OWN)
    except subprocess.CalledProcessError:
        try:
            engine.docker("pull", "--platform", "linux/amd64", OWN)
        except subprocess.CalledProcessError as error:
            print(f"AWS's own image cannot be had here: {error.stderr.decode().strip()}")
            _import_stand_in(engine, built)
            return STAND_IN
    return OWN


def _import_stand_in(engine: Engine, built: Path) -> None:
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise CannotStart(f"A stand-in can be made on Linux x86_64 only. Pull {OWN} first.")
    python = _python()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _lay_out(root, python)
        _add_libraries(root, [*root.rglob("*.so*"), *built.rglob("*.so*"), *_programs(root)])
        with tempfile.TemporaryFile() as archive:
            with tarfile.open(fileobj=archive, mode="w") as tar:
                tar.add(root, arcname=".", filter=_owned_by_root)
            archive.seek(0)
            engine.docker("import", "--platform", "linux/amd64", "-", STAND_IN, content=archive)


def _python() -> Path:
    """The folder of this machine's Python 3.13."""
    found = runtime.python()
    if found is None:
        raise CannotStart(f"A stand-in for the runtime's image needs Python {PYTHON}: none found.")
    print_prefix = [found, "-c", "import sys; print(sys.base_prefix)"]
    return Path(subprocess.run(print_prefix, capture_output=True, check=True).stdout.decode()[:-1])


def _lay_out(root: Path, python: Path) -> None:
    """The runtime as Lambda has it: /var/lang, /var/runtime, /var/task, /opt."""
    for name in ("var/lang/bin", "var/task", "opt", "tmp", "etc", "bin", "usr/bin"):
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    shutil.copy(python / "bin" / f"python{PYTHON}", root / "var/lang/bin")
    library = Path("lib", f"python{PYTHON}")
    shutil.copytree(
        python / library,
        root / "var/lang" / library,
        ignore=shutil.ignore_patterns(*NOT_NEEDED, "config-*", "site-packages"),
    )
    for tool in TOOLS:
        shutil.copy(shutil.which(tool) or tool, root / "bin" / tool)
    packages = root / "var/runtime"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:"),
            *("--requirement", str(ROOT / "requirements-runtime.txt"), "--target", str(packages)),
            *("--implementation=cp", f"--python-version={PYTHON}"),
            "--platform=manylinux2014_x86_64",
        ],
        check=True,
    )
    compileall = [str(python / "bin" / f"python{PYTHON}"), "-m", "compileall", "-q", str(packages)]
    subprocess.run([*compileall, "--invalidation-mode", "unchecked-hash"], check=True)
    bootstrap = packages / "bootstrap"
    bootstrap.write_text(BOOTSTRAP)
    bootstrap.chmod(0o755)


def _programs(root: Path) -> Iterator[Path]:
    yield root / "var/lang/bin" / f"python{PYTHON}"
    yield from (root / "bin").iterdir()


def _add_libraries(root: Path, binaries: Iterable[Path]) -> None:
    """Copy each shared library that the binaries need to the path where they look for it."""
    answer = subprocess.run(
        ["ldd", *binaries], capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
    )
    for library in {Path(found) for found in LIBRARY.findall(answer.stdout)}:
        if library.is_relative_to(root):
            continue
        target = root / library.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
