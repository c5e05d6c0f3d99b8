"""The rail on the left: pages, past chats by day, where the model runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby

from ui.history import Chat
from ui.icons import icon, sprite
from ui.words import escaped

_MARK = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="2" y="2" width="20" height="20" rx="5.5" fill="var(--accent)"/>'
    '<path d="M6.5 7.5h11M6.5 16.5h7" stroke="var(--on-accent)" stroke-width="1.8" stroke-linecap="round"/>'
    '<rect x="5.5" y="10" width="13" height="4" rx="1.2" fill="#ffe08a"/></svg>'
)


def rail_html(articles: int) -> str:
    """Name, pages and the search box; `chats_html` and `foot_html` stand below."""
    pages = "".join(
        f'<button type="button" data-page-go="{page}">{icon(image)}{name}{f"<span class=n>{articles:,}</span>" if count else ""}</button>'
        for page, image, name, count in (
            ("ask", "chat", "Ask", False),
            ("articles", "page", "Articles", True),
            ("people", "people", "People", False),
        )
    )
    return (
        f'{sprite()}<div class="brand">{_MARK}Ask the articles</div>'
        f'<button type="button" class="btn new" data-act="new">{icon("plus")}New question<kbd>Ctrl K</kbd></button>'
        f'<nav class="go" aria-label="Pages">{pages}</nav>'
        f'<div class="find">{icon("search")}<input type="search" id="find-chats" placeholder="Search chats" '
        'aria-label="Search chats" maxlength="200"></div>'
    )


def chats_html(chats: Sequence[tuple[Chat, datetime]], current: str, today: date, searched: bool = False) -> str:
    """Past chats under the day they were last used on, each with a menu."""
    if not chats:
        said = "No chat has these words." if searched else "Your chats will be listed here."
        return f'<p class="no-chats">{said}</p>'
    out = []
    for day, group in groupby(chats, key=lambda item: _day(item[1].date(), today)):
        rows = "".join(_row(chat, chat.id == current) for chat, _ in group)
        out.append(f"<h2>{escaped(day)}</h2><ul>{rows}</ul>")
    return "".join(out)


def foot_html(name: str, where: str, state: str = "") -> str:
    """The collection's name, where the model runs, and the way to the settings."""
    told = (
        f'<small role="status">{escaped(state)}</small>' if state else f"<small>{icon('lock')}{escaped(where)}</small>"
    )
    return (
        f'<div class="row"><div><b>{escaped(name)}</b>{told}</div><button type="button" class="icon" '
        f'data-page-go="settings" aria-label="Settings">{icon("settings")}</button></div>'
    )


def _row(chat: Chat, current: bool) -> str:
    menu = "".join(
        f'<button type="button" role="menuitem" data-act="{act}"{kind}>{icon(image, True)}{name}</button>'
        for act, image, name, kind in (
            ("rename", "edit", "Rename", ""),
            ("save-md", "save", "Save as Markdown", ""),
            ("save-html", "save", "Save as a web page", ""),
            ("save-json", "save", "Save as JSON", ""),
            ("delete", "bin", "Delete", ' class="danger"'),
        )
    )
    title = escaped(chat.title)
    return (
        f'<li class="chat-row{" on" if current else ""}" data-chat="{escaped(chat.id)}"><a href="?chat={escaped(chat.id)}"'
        f'{" aria-current=page" if current else ""}>{title}</a><details class="pop"><summary class="icon s" '
        f'aria-label="More for {title}">{icon("more", True)}</summary><div class="menu" role="menu">{menu}</div></details></li>'
    )


def _day(day: date, today: date) -> str:
    ago = (today - day).days
    if ago <= 0:
        return "Today"
    if ago == 1:
        return "Yesterday"
    return f"{day.day} {day:%B}" if day.year == today.year else f"{day.day} {day:%B %Y}"
