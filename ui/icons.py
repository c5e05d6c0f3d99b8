"""The page's line icons: one sprite, sent with the rail, and references to it."""

from __future__ import annotations

_PATHS = {
    "again": '<path d="M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15"/>',
    "bin": '<path d="M4.5 6.5h15M9 6.5V4h6v2.5M6.5 6.5l.8 13.5h9.4l.8-13.5M10 10.5v6M14 10.5v6"/>',
    "calendar": '<rect x="4" y="5.5" width="16" height="14.5" rx="1.5"/><path d="M4 10h16M8.5 3.5v4M15.5 3.5v4"/>',
    "chat": '<path d="M5 5h14a1.5 1.5 0 0 1 1.5 1.5v9A1.5 1.5 0 0 1 19 17h-8l-4.5 3.5V17H5a1.5 1.5 0 0 1-1.5-1.5v-9A1.5'
    ' 1.5 0 0 1 5 5Z"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "close": '<path d="m6 6 12 12M18 6 6 18"/>',
    "copy": '<rect x="8.5" y="8.5" width="11.5" height="11.5" rx="1.5"/><path d="M15.5 8.5v-3A1.5 1.5 0 0 0 14 4H5.5A1.5'
    ' 1.5 0 0 0 4 5.5V14a1.5 1.5 0 0 0 1.5 1.5h3"/>',
    "edit": '<path d="M4.5 19.5 5.5 15 15.5 5a2 2 0 0 1 2.8 0l.7.7a2 2 0 0 1 0 2.8L9 18.5ZM13.5 7l3.5 3.5"/>',
    "left": '<path d="m14.5 6-6 6 6 6"/>',
    "lock": '<rect x="5.5" y="10.5" width="13" height="9.5" rx="1.5"/><path d="M8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h10"/>',
    "more": '<path d="M5.5 12h.01M12 12h.01M18.5 12h.01" stroke-width="2.6"/>',
    "news": '<path d="M4 5h13v13.5A1.5 1.5 0 0 0 18.5 20H6a2 2 0 0 1-2-2ZM17 9h3v9.5a1.5 1.5 0 0 1-3 0M7 9h7M7 12.5h7'
    'M7 16h4"/>',
    "none": '<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5M8.5 11h5"/>',
    "page": '<path d="M6 3.5h8.5L19 8v11a1.5 1.5 0 0 1-1.5 1.5H6.5A1.5 1.5 0 0 1 5 19V5a1.5 1.5 0 0 1 1-1.5ZM14 3.5V8.5h5'
    'M8.5 12.5h7M8.5 16h5"/>',
    "people": '<circle cx="9" cy="8.5" r="3.5"/><path d="M2.8 19.5c.5-3.6 2.9-5.5 6.2-5.5s5.7 1.9 6.2 5.5M15.5 5.3a3.5 3.5 0'
    ' 0 1 0 6.4M17.5 14.4c2 .7 3.3 2.4 3.7 5.1"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "right": '<path d="m9.5 6 6 6-6 6"/>',
    "save": '<path d="M12 4v11.5M7.5 11 12 15.5 16.5 11M4.5 15v3.5a1.5 1.5 0 0 0 1.5 1.5h12a1.5 1.5 0 0 0 1.5-1.5V15"/>',
    "search": '<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>',
    "settings": '<path d="M4 7h9M19 7h1M4 17h1M11 17h9M15 4.5v5M7.5 14.5v5"/><circle cx="16" cy="7" r="2.5"/>'
    '<circle cx="8" cy="17" r="2.5"/>',
    "thumb": '<path d="M7.5 20H5a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1h2.5m0 9V11m0 9h8.7a2 2 0 0 0 2-1.6l1.2-6A2 2 0 0 0 17.4 10'
    'H14l.6-3.7A1.9 1.9 0 0 0 12.7 4L7.5 11"/>',
}


def sprite() -> str:
    """All icons, once on the page, hidden."""
    symbols = "".join(f'<symbol id="i-{name}" viewBox="0 0 24 24">{path}</symbol>' for name, path in _PATHS.items())
    return f'<svg class="sprite" width="0" height="0" aria-hidden="true"><defs>{symbols}</defs></svg>'


def icon(name: str, small: bool = False) -> str:
    """One icon; words beside it must say what it means.

    Raises:
        KeyError: there is no such icon.
    """
    assert name in _PATHS, name
    return f'<svg class="i{" s" if small else ""}" aria-hidden="true"><use href="#i-{name}"/></svg>'
