"""Offices and who holds them: "Ukraine's foreign minister Dmytro Kuleba" is not "Ukraine's prime minister Kuleba".

A gate: where the articles leave a doubt, it gives no verdict.
"""

from __future__ import annotations

import re

_NAME = r"[A-Z][\w’-]+"
_OFFICE = re.compile(
    r"\b((?:(?:[A-Z][\w-]+(?:['’]s)?|deputy|prime|foreign|defen[cs]e|interior|finance|vice|health|justice)\s+)*)"
    r"((?i:minister|president|chancellor|premier|ambassador|envoy|mayor|governor)),?\s+((?:[A-Z][\w’-]+\s+){0,2}[A-Z][\w’-]+)"
)
_KINDS = frozenset("deputy prime foreign defence defense interior finance vice health justice".split())
_NATIONS = (
    "american america us usa|british britain uk england english|chinese china|french france|german germany|russian russia|"
    "ukrainian ukraine|turkish turkey türkiye|israeli israel|palestinian palestine|iranian iran|iraqi iraq|indian india|"
    "pakistani pakistan|japanese japan|korean korea|polish poland|hungarian hungary|czech czechia|slovak slovakia|"
    "slovenian slovenia|croatian croatia|serbian serbia|greek greece|italian italy|spanish spain|portuguese portugal|"
    "dutch netherlands|belgian belgium|swiss switzerland|austrian austria|australian australia|canadian canada|"
    "mexican mexico|brazilian brazil|argentine argentinian argentina|chilean chile|egyptian egypt|saudi|syrian syria|"
    "lebanese lebanon|jordanian jordan|afghan afghanistan|georgian georgia|armenian armenia|azerbaijani azerbaijan|"
    "belarusian belarus|moldovan moldova|romanian romania|bulgarian bulgaria|lithuanian lithuania|latvian latvia|"
    "estonian estonia|finnish finland|swedish sweden|norwegian norway|danish denmark|irish ireland|scottish scotland|"
    "kenyan kenya|nigerian nigeria|ethiopian ethiopia|indonesian indonesia|vietnamese vietnam|thai thailand|filipino philippines"
)
_NATION = {word: names.split()[0] for names in _NATIONS.split("|") for word in names.split()}


def problems(sentence: str, everything: str) -> list[str]:
    """An office, or the country it is held in, that what was read gives to somebody else, or this person another one."""
    if not (mine := _OFFICE.findall(sentence)):
        return []
    held = [(_qualifiers(b), o.lower(), _surname(n)) for b, o, n in _OFFICE.findall(everything)]
    for m in re.finditer(rf"\b({_NAME}),\s([^,.;:!?]{{3,60}})[,.;]", everything):
        words = m[2].split()
        first = re.sub(r"['’]s$", "", words[0]).lower()
        if (
            first not in _NATION
            and first not in _KINDS
            and first not in ("the", "a", "an", "its", "his", "her", "their")
        ):
            continue  # no apposition
        for n, word in enumerate(words):
            if re.fullmatch(r"(?i:minister|president|chancellor|premier|ambassador|envoy|mayor|governor)", word):
                held.append((_qualifiers(" ".join(words[:n])), word.lower(), _surname(m[1])))
    found = []
    for before, office, name in mine:
        wanted, surname = _qualifiers(before), _surname(name)
        theirs = [q for q, o, who in held if o == office.lower() and who == surname]
        others = [q for q, o, who in held if o == office.lower() and who != surname]
        if (theirs and not any(_agree(wanted, q) for q in theirs)) or (
            not theirs and wanted & _KINDS and any(wanted <= q for q in others) and surname in everything
        ):
            found.append(f"{before.strip()} {office} is not what {surname} is called in the articles".strip())
    return found


def _agree(wanted: frozenset[str], given: frozenset[str]) -> bool:
    """Whether an office's qualifiers agree with those the articles give: no other country, and no other office."""
    nations, kinds = frozenset(_NATION.values()), _KINDS
    if wanted & nations and given & nations and not wanted & given & nations:
        return False
    return not (wanted & kinds) - given if given & kinds or wanted & kinds else True


def _qualifiers(before: str) -> frozenset[str]:
    """Countries, by their adjective, and kinds of office among the words before an office."""
    words = {re.sub(r"['’]s$", "", word).lower() for word in before.split()}
    return frozenset({_NATION.get(w, w) for w in words if w in _NATION or w in _KINDS})


def _surname(name: str) -> str:
    return re.sub(r"[’']s$", "", name.split()[-1])
