"""Who speaks, and who is who: a statement belongs to its speaker, an office to its holder.

Both are gates, so both give no verdict where the words leave a doubt.
"""

from __future__ import annotations

import re

from index.text.dates import CALENDAR

_NAME = r"[A-Z][\w’-]+"
_RUN = rf"{_NAME}(?:\s+{_NAME})*"
# Verbs that are always of saying, and those that are only before "that", a clause or a quotation.
_ALWAYS = r"(?:said|says|told|wrote|tweeted|argued|insisted|stated|warned)"
_SOMETIMES = (
    r"(?:added|claimed|announced|reported|noted|suggested|confirmed|denied|promised|explained|admitted|predicted)"
)
_SAID = rf"(?:{_ALWAYS}|{_SOMETIMES}(?=\s+(?:that\b|he\b|she\b|they\b|it\b)|,?\s*[:“\"]))"
# Whoever does one of these in the evidence may be said to have "said" it.
_SOMEHOW = (
    rf"(?:{_ALWAYS}|{_SOMETIMES}|hailed|praised|declined|acknowledged|expressed|described|called|emphasi[sz]ed|stressed|urged|"
    "vowed|believes|believed|expects|expected|hopes|hoped|played down|refused|rejected|accused|replied|asked|thinks|thought|"
    "signall?ed|conceded|cautioned|posted|welcomed|critici[sz]ed|dismissed|demanded|proposed|offered|pledged|saw|sees|wants|"
    "wanted|renewed|estimated|recalled|recounted|met)"
)
_WHEN = r"(?:,?\s+(?:\w+ly|has|had|have|also|later|earlier|late|then|previously|on\s+\w+|\w+day))*"
_OF = r"(?<!\bon\s)(?<!\bin\s)(?<!\bat\s)(?<!\bof\s)(?<!\bto\s)(?<!\bby\s)(?<!\bfor\s)(?<!\bfrom\s)(?<!\bwith\s)"  # "on Twitter" says nothing
# What may stand before a subject: nothing of its sentence, a conjunction, what the person is; not "to see Putin said".
_BEFORE = re.compile(
    r"(?:^|[^\w\s]\s*|\b(?:and|but|while|as|when|that|because|chief|head|star|coach|captain|judge|king|queen|boss|aide|"
    r"\w+(?:man|woman|person|er|or|ist|ent|ian|ive|ate|al|ant|loyee|nominee|referee|ey|ess))\s+)$"
)
# "The captain said", "said the Spaniard": someone speaks whose name is not given here.
_UNNAMED = re.compile(
    rf"\b(?:the|a|an|its|his|her|their|one|who)\s+(?:[\w-]+\s+){{0,4}}?{_ALWAYS}\b|\b{_ALWAYS}\s+(?:the|a|an|its)\s+[\w-]+",
    re.I,
)
_NO_NAME = CALENDAR | frozenset(
    "the a an it he she they we i this that these those in on at by for from with according after before during as his her "
    "their its there when while if but and or so no yes both some many most several however although since because what "
    "who why how where mr mrs ms dr".split()
)
INSTITUTIONS = frozenset(
    "bank house reserve motors court ministry party union council nations commission department office times post news "
    "university institute agency group inc corp corporation airlines airways force forces army navy police parliament senate "
    "congress committee organization organisation association federation league club united city kremlin capital partners "
    "international company co ltd plc trust fund foundation center centre hospital school church service services medicine "
    "nature science journal magazine press radio television network systems technologies energy street pentagon hall team".split()
)
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


def problems(sentence: str, said: str, around: str, everything: str) -> list[str]:
    """Words put in the wrong mouth, and offices given to the wrong person.

    Args:
        said: the evidence.
        around: the passage around it, which may say who "he" is.
        everything: the article and whatever else was read, which may say who holds an office.
    """
    return _wrong_mouth(sentence, said, around, everything) + _wrong_office(sentence, everything)


def speakers(text: str, verbs: str = _SAID) -> set[str]:
    """The last names of those who are named as saying something in a text."""
    subject = rf"\b{_OF}({_RUN})(?:,\s[^,.;\"“”]{{3,80}},)?{_WHEN},?\s+{verbs}(?!\w)"
    runs = {m[1] for m in re.finditer(subject, text) if _BEFORE.search(text[: m.start()])}
    runs |= {m[1] for m in re.finditer(rf"[,\"”]\s*{verbs}\s+(?:(?!that\b|the\b)[a-z’'-]+\s+){{0,4}}?({_RUN})", text)}
    found = {run.split()[-1] for run in runs if not INSTITUTIONS & set(run.lower().split())}
    return {re.sub(r"[’']s$", "", name) for name in found if name.lower() not in _NO_NAME}


def _wrong_mouth(sentence: str, said: str, around: str, everything: str) -> list[str]:
    known = {name for name in speakers(said) if _is_person(name, everything)}
    somehow = speakers(said, _SOMEHOW) | {
        name for m in re.finditer(r"\b[Aa]ccording to ([^,.;\"“”]{2,80})", said) for name in re.findall(_NAME, m[1])
    }
    found = []
    for name in sorted(speakers(sentence)):
        if name in everything and not _is_person(name, everything):
            continue  # "Russia said" for "Moscow said" is no mistake: only people are held to their own words
        if name in said and known and name not in known and _only_told_of(name, said, known):
            found.append(f"the words are {' and '.join(sorted(known))}'s in the evidence, not {name}'s")
        elif name in somehow or name in said or _UNNAMED.search(said):
            continue
        elif known and not re.search(rf"\b{re.escape(name)}\b.{{0,400}}\b(?:he|she|they)\b", around, re.S):
            found.append(f"the words are {' and '.join(sorted(known))}'s in the evidence, not {name}'s")
        elif name not in around:
            found.append(f"{name} does not speak in the evidence")
    return found


def _only_told_of(name: str, said: str, known: set[str]) -> bool:
    """Whether a name stands only in what others say: "Slutsky said Peskov was wrong"."""
    for part in re.split(r"(?<=[.!?])[\"”]?\s+(?=[\"“A-Z])", said):
        position = re.search(rf"\b{re.escape(name)}\b", part)
        told = any(
            position and m.end() <= position.start()
            for who in known
            for m in re.finditer(rf"\b{re.escape(who)}(?:,\s[^,.;\"“”]{{3,80}},)?{_WHEN}\s+{_ALWAYS}\b", part)
        )
        if re.match(r"[\"“]?(?:He|She|They)\b", part) or (position and not told):
            return False
    return True


def _is_person(name: str, everything: str) -> bool:
    """Whether the articles put a first name or a title before it, and nothing makes it an institution's."""
    runs = [run.split() for run in re.findall(rf"{_RUN}", everything) if name in run.split()]
    named = [run for run in runs if len(run) > 1 and run[-1] == name and run[-2].lower() not in _NO_NAME]
    return bool(named) and not any(INSTITUTIONS & {word.lower() for word in run} for run in named)


def _wrong_office(sentence: str, everything: str) -> list[str]:
    """An office, or the country it is held in, that what was read gives to somebody else, or this person another one."""
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
    for before, office, name in _OFFICE.findall(sentence):
        wanted, surname = _qualifiers(before), _surname(name)
        mine = [q for q, o, who in held if o == office.lower() and who == surname]
        others = [q for q, o, who in held if o == office.lower() and who != surname]
        if (mine and not any(_agree(wanted, q) for q in mine)) or (
            not mine and wanted & _KINDS and any(wanted <= q for q in others) and surname in everything
        ):
            found.append(f"{before.strip()} {office} is not what {surname} is called in the articles".strip())
    return found


def _agree(wanted: frozenset[str], given: frozenset[str]) -> bool:
    """Whether an office's qualifiers contradict those the articles give: another country, or another office."""
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
