"""The deployed functions' modules in this process, under the environment that it has."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

from local.stack import ROOT


class Context:
    """What Lambda hands to a handler."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "bench"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """As long as a function may take."""
        return 900_000


def load(function: str) -> Any:
    """The module `app` of a function's folder, named after the folder; its modules beside it."""
    folder = ROOT / "functions" / function
    name = f"{function}_app"
    spec = spec_from_file_location(name, folder / "app.py")
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018
    module: Any = module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module
