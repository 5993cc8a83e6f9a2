"""Forms that are sent in parts: `multipart/form-data`, RFC 7578."""

import re

from dlr.wire.decode import MAX_FORM_CHARACTERS, MAX_FORM_FIELDS, Item, UnreadableError

_NAME = re.compile(
    r'^content-disposition:[^\n]*?;[ \t]*name="([^"\n]*)"', re.IGNORECASE | re.MULTILINE
)


def read_multipart(text: str) -> Item:
    """The fields by name. The boundary is the first line's, whatever the content type says."""
    if len(text) > MAX_FORM_CHARACTERS:
        raise UnreadableError(f"more than {MAX_FORM_CHARACTERS} characters of parameters")
    body = text.lstrip().replace("\r\n", "\n")
    boundary = body.partition("\n")[0].rstrip()
    if len(boundary) <= len("--") or f"\n{boundary}--" not in body:
        raise UnreadableError("the body starts like a form in parts but does not end like one")
    parts = f"\n{body}".split(f"\n{boundary}", MAX_FORM_FIELDS + 1)[1:]
    if len(parts) > MAX_FORM_FIELDS:
        raise UnreadableError(f"more than {MAX_FORM_FIELDS} parameters")
    form: dict[str, str] = {}
    for part in parts:
        if part.startswith("--"):
            break
        head, _, value = part.partition("\n\n")
        named = _NAME.search(head)
        if named is None:
            raise UnreadableError("a part of the form has no name")
        if named[1] in form:
            raise UnreadableError("a parameter comes twice")
        form[named[1]] = value
    return form
