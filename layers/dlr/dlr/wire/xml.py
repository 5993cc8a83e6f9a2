"""XML bodies, read into plain items.

A DOCTYPE is read over, as some providers send one; nothing is fetched for it, and a document that
declares entities is refused.
"""

from typing import Any, NoReturn
from xml.parsers import expat

from dlr.wire.decode import MAX_OBJECTS, Item, UnreadableError

MAX_DEPTH = 20


def read_xml(text: str) -> Item:
    """`{"LIST": {"MSG": [{"ID": "1"}, {"ID": "2"}]}}`: elements by their names without a prefix.

    An element is the text in it, without spaces around it, or its children; children of one name
    are a list. Attributes are left out.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.texts.append
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(text.lstrip(), True)
    except (expat.ExpatError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError("the body starts like XML but is not valid XML") from None
    return reader.items[0]


def _refuse(*_: Any) -> NoReturn:
    raise UnreadableError("the XML declares an entity")


class _Reader:
    """Collects the elements that are open, the outermost first, and the text of the innermost."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = [{}]
        self.texts: list[str] = []
        self._count = 0

    def start(self, _name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self.items) > MAX_DEPTH:
            raise UnreadableError("the XML is nested too deeply")
        if self._count > MAX_OBJECTS:
            raise UnreadableError(f"more than {MAX_OBJECTS} XML elements")
        self.items.append({})
        self.texts.clear()

    def end(self, name: str) -> None:
        children = self.items.pop()
        value = children or "".join(self.texts).strip()
        self.texts.clear()
        siblings, plain = self.items[-1], name.rpartition(":")[2]
        before = siblings.get(plain)
        if before is None:
            siblings[plain] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            siblings[plain] = [before, value]
