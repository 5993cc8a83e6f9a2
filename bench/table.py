"""Tables that read well in Markdown and in a terminal."""

from collections.abc import Iterable, Iterator


def table(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """One table under its title."""
    cells = [heads, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_line(row, widths) for row in cells]
    ruler = _line(tuple("-" * width for width in widths), widths)
    return "\n".join([title, "", lines[0], ruler, *lines[1:], ""])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return f"| {' | '.join(_padded(row, widths))} |"


def _padded(row: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    return (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
