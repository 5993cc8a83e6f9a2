"""The template's functions in this process, on resources of a test's own, with faults in between.

The handlers are the real ones, under the environment that the template gives them. What they log,
metrics included, is in `LOG`.
"""

import io
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.session import Session

from local import template
from local.cloud import Cloud
from local.stack import STACK
from tests.support.cases import ROOT

LOG = io.StringIO()
"""One for all: the functions' loggers keep the stream that they were made with."""


class Call(NamedTuple):
    """A call to AWS, by logical ids."""

    function: str
    operation: str
    resource: str

    def __str__(self) -> str:
        return " ".join(self)


Interceptor = Callable[[Call, AWSPreparedRequest], AWSResponse | None]
"""Sees each attempt of each call; answers in AWS's place, raises, or lets it through (None)."""


@dataclass(frozen=True)
class Context:
    """What Lambda hands to a handler."""

    function_name: str
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:test"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 300_000


@contextmanager
def _own_modules(folder: Path) -> Iterator[None]:
    """What a function's folder holds can be imported, afresh for each instance."""
    mine = {path.stem for path in folder.iterdir()}

    def unload() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] in mine]:
            del sys.modules[name]

    sys.path.insert(0, str(folder))
    unload()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        unload()


class Functions:
    """Starts functions and calls them. `names` are the physical names by logical id."""

    def __init__(self, cloud: Cloud, names: Mapping[str, str], **parameters: str) -> None:
        self._source = template.load(ROOT / "template.yaml", parameters)
        self._functions = template.functions(self._source)
        self._values = {k: v["Default"] for k, v in self._source["Parameters"].items()}
        self._values |= {"AWS::StackName": STACK, "AWS::StackId": STACK, **names}
        self._logical = {physical: logical for logical, physical in names.items()}
        self._url = cloud.url
        self._handlers: dict[str, Any] = {}
        self.intercept: Interceptor = lambda call, request: None

    @property
    def routes(self) -> set[str]:
        """The team's API, as the template writes it."""
        return {
            resource["Properties"]["RouteKey"]
            for resource in self._source["Resources"].values()
            if resource["Type"] == "AWS::ApiGatewayV2::Route"
            and resource["Properties"]["AuthorizationType"] == "CUSTOM"
        }

    def serving(self, route: str) -> str:
        """The function that API Gateway hands calls of this route to."""
        resources = self._source["Resources"]
        (target,) = (
            each["Properties"]["Target"]["Fn::Sub"]
            for each in resources.values()
            if each["Type"] == "AWS::ApiGatewayV2::Route"
            and each["Properties"]["RouteKey"] == route
        )
        integration = target.removeprefix("integrations/${").removesuffix("}")
        uri = resources[integration]["Properties"]["IntegrationUri"]
        name: str = uri["Fn::GetAtt"][0]
        return name

    def call(self, name: str, event: Mapping[str, Any]) -> Any:
        """One invocation, of an instance that may have served others before."""
        if name not in self._handlers:
            self._handlers[name] = self.start(name)
        with self._environment(name):
            return self._handlers[name](event, Context(name))

    def stop(self, name: str) -> None:
        """The next call finds no instance and starts one."""
        self._handlers.pop(name, None)

    def start(self, name: str) -> Any:
        """A new instance's handler."""
        properties = self._functions[name]
        file, _, function = properties["Handler"].partition(".")
        folder = (ROOT / properties["CodeUri"]).resolve()
        spec = spec_from_file_location(f"{name}_{file}", folder / f"{file}.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        with self._environment(name), self._listening(name), _own_modules(folder):
            spec.loader.exec_module(module)
        return getattr(module, function)

    @contextmanager
    def _listening(self, name: str) -> Iterator[None]:
        """Clients made meanwhile pass every attempt to send something to `intercept`."""

        def before_send(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
            operation = event_name.rpartition(".")[2]
            is_s3 = event_name.startswith("before-send.s3.")
            resource = self._place_of(request.url) if is_s3 else self._resource_of(request.body)
            call = Call(name, operation, resource)
            return self.intercept(call, request)

        create_client = Session.create_client

        def create(session: Session, *arguments: Any, **named: Any) -> Any:
            client = create_client(session, *arguments, **named)
            client.meta.events.register("before-send", before_send)
            return client

        with patch.object(Session, "create_client", create):
            yield

    def _place_of(self, url: str) -> str:
        """A bucket, and the folder in it: `LakeBucket/segments`."""
        parts = urlsplit(url)
        bucket, _, key = parts.path.removeprefix("/").partition("/")
        prefix = parse_qs(parts.query).get("prefix", [key])[0]
        return f"{self._logical[bucket]}/{prefix.partition('/')[0]}".rstrip("/")

    def _resource_of(self, body: Any) -> str:
        if not isinstance(body, bytes | bytearray) or not body.startswith(b"{"):
            return "AWS::StackId"  # CloudFormation
        request: Mapping[str, Any] = json.loads(body)
        step = next(iter(request.get("TransactItems", [{}])[0].values()), {})
        names = (
            request.get("TableName"),
            step.get("TableName"),
            request.get("QueueUrl"),
            request.get("SecretId"),
            *request.get("RequestItems", ()),
            *(entry["EventBusName"] for entry in request.get("Entries", ())),
        )
        named = next(filter(None, names), None)
        return self._logical[named] if named else "AWS::StackId"

    @contextmanager
    def _environment(self, name: str) -> Iterator[None]:
        """The variables of the template, and all that is written caught."""
        written = self._functions[name]["Environment"]["Variables"]
        variables = {key: self._resolve(value) for key, value in written.items()}
        root = logging.getLogger()
        catch_all = logging.StreamHandler(LOG)
        level = root.level
        root.addHandler(catch_all)
        root.setLevel(logging.INFO)  # what Lambda shows of everybody's loggers
        try:
            with (
                patch.dict(os.environ, variables | {"AWS_ENDPOINT_URL": self._url}),
                redirect_stdout(LOG),
                redirect_stderr(LOG),
                warnings.catch_warnings(action="ignore"),
            ):
                yield
        finally:
            sys.stdout.flush()
            root.setLevel(level)
            root.removeHandler(catch_all)

    def _resolve(self, value: Any) -> str:
        """A name or a parameter. What is put together (the public URL) means nothing here."""
        if isinstance(value, dict) and "Fn::Join" in value:
            separator, joined = value["Fn::Join"]
            return str(separator.join(self._resolve(joined).split(",")))
        if isinstance(value, dict):
            return str(self._values[value["Ref"]]) if "Ref" in value else ""
        return str(value)
