"""Sources and articles by the names that people type: a part will do if it is unambiguous."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from index.errors import InputError

_LISTED = 12  # names in an error message


def source_key(name: str) -> str:
    """What two spellings of one source have in common: `WWW.CNN.com` and `cnn.com` are the same."""
    return name.strip().casefold().removeprefix("www.")


def merged(sources: Iterable[str]) -> list[str]:
    """Each source once, in alphabetical order, in the shortest of its spellings."""
    shortest: dict[str, str] = {}
    for name in sorted(sources, key=lambda name: (len(name), name)):
        shortest.setdefault(source_key(name), name)
    return sorted(shortest.values(), key=str.casefold)


def check_source(source: str, sources: Sequence[str]) -> None:
    """Refuse a source that no article has.

    Raises:
        InputError: it is none of `sources`; the message lists them.
    """
    if source_key(source) not in map(source_key, sources):
        fix = f"The sources are: {_list(sources)}." if sources else "No article in it names its source."
        raise InputError(f"No article has the source {source!r}.", fix)


def check_days(after: date | None, before: date | None) -> None:
    """Refuse a range that contains no day.

    Raises:
        InputError: `after` is later than `before`.
    """
    if after and before and after > before:
        raise InputError(
            f"The range starts on {after} and ends on {before}: after is later than before.", "Swap the two days."
        )


def article_id(given: str, ids: Sequence[str]) -> str:
    """The id that a person means: typed in full, or a beginning or end that no other id has.

    Raises:
        InputError: there is none, or there are several; the message lists them.
    """
    if given in ids:
        return given
    found = sorted(i for i in ids if given and (i.startswith(given) or i.endswith(given)))
    if not found:
        raise InputError(f"There is no article {given!r} in the index.", "`rag articles` lists them.")
    if len(found) > 1:
        raise InputError(f"{given!r} could be any of {len(found)} articles.", f"Choose one: {_list(found)}.")
    return found[0]


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
