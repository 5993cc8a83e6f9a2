"""The console: static files for everybody. What they show comes from the team's API, with a token.

No permission of AWS, and nothing but the standard library, unless people sign in with an identity
provider: two calls beside the files are for that. All files are read once; a path is looked up
among them, so it can lead nowhere else.
"""

import base64
import gzip
import hashlib
import html
import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

ASSETS = Path(__file__).parent / "assets"
INDEX = "index.html"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""By suffix. A file of another kind is not served."""
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
SECURITY = {
    "content-security-policy": CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
FOREVER, ASK = "public, max-age=31536000, immutable", "no-cache"
VERSION = re.compile(r"(~[0-9a-f]{12}/)(.+)", re.DOTALL)
REFERENCE = re.compile(r'(?<=\b)(src|href)="(?:\./)?([^":#?]+)"')
PROVIDER = '<meta name="identity-provider" content="">'
"""In index.html: the page learns there whether people can sign in with one."""
SIGN_IN = "/console/sign-in"


class Asset(NamedTuple):
    """A file, ready to be sent."""

    kind: str
    plain: bytes
    zipped: bytes
    tag: str


def load(folder: Path, provider: str = "") -> tuple[dict[str, Asset], str]:
    """Every file by its path, and the version of all, `~` and a hash.

    What index.html refers to stands there below the version: browsers keep that for ever, and ask
    for index.html each time. It holds the name of the identity provider, too.
    """
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in TYPES
    }
    together = hashlib.sha256()
    for name, content in contents.items():
        together.update(f"{name} {len(content)} ".encode() + content)
    version = f"~{together.hexdigest()[:12]}/"
    if INDEX in contents:
        named = PROVIDER.replace('""', f'"{html.escape(provider)}"')
        page = _below(contents[INDEX].decode(), version, contents).replace(PROVIDER, named)
        contents[INDEX] = page.encode()
    return {name: _asset(name, content) for name, content in contents.items()}, version


def _below(page: str, place: str, known: dict[str, bytes]) -> str:
    """The page with its references to known files pointing below `place`."""

    def moved(found: re.Match[str]) -> str:
        attribute, name = found.groups()
        return f'{attribute}="{place}{name}"' if name in known else found[0]

    return REFERENCE.sub(moved, page)


def _asset(name: str, content: bytes) -> Asset:
    tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    kind = TYPES[Path(name).suffix]
    return Asset(kind, content, gzip.compress(content, mtime=0), tag)


issuer, client_id, name, scopes = (
    os.environ.get(f"OIDC_{each}", "")
    for each in ("ISSUER", "CLIENT_ID", "PROVIDER_NAME", "SIGN_IN_SCOPES")
)
client = None
if issuer and client_id:
    from dlr.access import sign_in  # here, because only an identity provider needs it

    client = sign_in.Client(issuer, client_id, scopes)
assets, current = load(ASSETS, name if client else "")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """API Gateway's event in, a file out. `/console` leads to `/console/index.html`."""
    is_sign_in = event["rawPath"].endswith(SIGN_IN)
    if client and is_sign_in:
        status, content = sign_in.answer(client, event)
        headers = {"content-type": TYPES[".json"], "cache-control": "no-store"}
        headers |= {"retry-after": "10"} if status == 503 else {}
        return _answer(status, json.dumps(content), headers)
    if event["routeKey"] == "GET /console" and not event["rawPath"].endswith("/"):
        # relative: the address may have a path before it
        return _answer(302, "", {"location": "console/index.html", "cache-control": ASK})
    path = SIGN_IN if is_sign_in else (event.get("pathParameters") or {}).get("proxy") or INDEX
    version, name = found.groups() if (found := VERSION.fullmatch(path)) else ("", path)
    asset = assets.get(name)
    if asset is None:
        headers = {"content-type": TYPES[".txt"], "cache-control": "no-store"}
        return _answer(404, "There is no such file.\n", headers)
    return _file(asset, version == current, event["headers"])


def _file(asset: Asset, is_versioned: bool, asked: dict[str, str]) -> dict[str, Any]:
    headers = {
        "cache-control": FOREVER if is_versioned else ASK,
        "etag": asset.tag,
        "vary": "accept-encoding",
    }
    if asset.tag in asked.get("if-none-match", ""):
        return _answer(304, "", headers)
    headers["content-type"] = asset.kind
    if "gzip" in asked.get("accept-encoding", "") and len(asset.zipped) < len(asset.plain):
        return _answer(200, asset.zipped, headers | {"content-encoding": "gzip"})
    return _answer(200, asset.plain, headers)


def _answer(status: int, body: str | bytes, headers: dict[str, str]) -> dict[str, Any]:
    is_binary = isinstance(body, bytes)
    return {
        "statusCode": status,
        "headers": {**SECURITY, **headers},
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": is_binary,
    }
