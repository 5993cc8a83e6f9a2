"""Hides the recipient hash in the key of an item whose id other recipients' messages have too.

Of such a message the id does not lead to the table's item. Its row has the hash under a keystream
of the lake's own key and the message's name: without that key it says nothing, not even that two
messages had the same recipient.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from itertools import count


def masked(text: str, mk: str, key: bytes) -> str:
    """What a row of the message `mk` has in place of the text. `key` is the lake's."""
    return urlsafe_b64encode(_xor(text.encode(), mk, key)).decode()


def unmasked(mask: str, mk: str, key: bytes) -> str:
    """The text again. Raises ValueError for what is no mask under this key and name."""
    return _xor(urlsafe_b64decode(mask), mk, key).decode()


def _xor(content: bytes, mk: str, key: bytes) -> bytes:
    stream = b""
    for block in count():
        if len(stream) >= len(content):
            break
        stream += hmac.digest(key, f"apart {mk} {block}".encode(), "sha256")
    return bytes(one ^ other for one, other in zip(content, stream, strict=False))
