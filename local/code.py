"""Zips the functions and the layer as `sam build` would lay them out, without their dependencies.

On the embedded AWS the dependencies come from the project's own environment, and so does Python.
"""

import io
import zipfile
from pathlib import Path

LAYER_PACKAGE = "dlr"
LEFT_OUT = {".pyc", ".txt"}  # the build leaves these out too
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files make the same archive, so nothing is deployed twice


def archive(folder: Path) -> bytes:
    """One function's handlers, or the layer's package under `python/`."""
    package = folder / LAYER_PACKAGE
    if package.is_dir():
        files = {f"python/{path.relative_to(folder)}": path for path in package.rglob("*")}
    else:
        files = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(files.items()):
            if path.is_file() and path.suffix not in LEFT_OUT:
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())
    return content.getvalue()
