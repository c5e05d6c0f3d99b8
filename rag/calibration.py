"""Every weight, threshold and window that shapes an answer, with where it comes from.

Nothing of the kind stands anywhere else in `rag` (`tests/unit/test_calibration.py` looks). What finds
passages at all is in `index.calibration`, and counts in the fingerprint, too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from index.calibration import MEASURED, RETRIEVAL, UNCOMPARED, Chosen, chosen

_ARCHIVE = "a development archive of 607 articles with 120 questions (docs/experiments.md)"
_RERANKING = "python scripts/measure_reranking.py"
_GOLDEN = "the seeds' golden set, drafts and readings kept by `rag eval`"
_CANDIDATES = "answers the program itself gave to public questions with known answers, right or wrong"
_FIT = "python scripts/fit_verifier.py"
_QAGS = "368 sentences of QAGS, each judged by three people"
_NEWS = "sentences of real news, and of attacks"
_CLOSED = "120 public questions for a yes or a no, and the passages that answer them"


def _chosen(value: Any, does: str, on: str = _GOLDEN, by: str = MEASURED) -> Any:
    return chosen(value, does, on, by)


@dataclass(frozen=True)
class Calibration(Chosen):
    """What shapes an answer."""

    small_talk: float = _chosen(
        0.8,
        "chance from which what was typed is no question to the articles but a greeting, thanks or a call for help",
        "eval/sets/small_talk.json and public questions",
        "python scripts/fit_small_talk.py",
    )
    summary_asked: float = _chosen(
        0.9,
        "chance from which a question asks for a summary, in whatever words; it must name what it is of",
        "eval/sets/question_kinds.jsonl and public questions",
        "python scripts/fit_kinds.py",
    )

    # ---- what a follow-up means, and the parts of a question
    short_question: int = _chosen(6, "words of a question that names nobody, up to which it leans on the conversation")
    turns: int = _chosen(4, "turns of the conversation that the model is shown to rewrite a follow-up")
    turn_letters: int = _chosen(400, "letters of each of them that it is shown")
    searched_letters: int = _chosen(
        300,
        "letters of the last question, and of its answer, that are searched for with a follow-up",
        "twelve follow-ups of a development archive",
        "rag eval",
    )
    rewrite_tokens: int = _chosen(60, "tokens of a rewriting, at most", UNCOMPARED)
    rewrite_letters: tuple[int, int] = _chosen(
        (3, 400), "letters of a rewriting that can be used, at least and at most", UNCOMPARED
    )
    rewrite_words: float = _chosen(
        0.5,
        "share of a follow-up's words that its rewriting must keep",
        "48 follow-ups, made up and of two development archives",
        "python scripts/measure_rewrites.py",
    )
    parts: int = _chosen(4, "parts into which a question is taken, at most")
    parts_words: float = _chosen(
        0.7,
        "share of a question's words that its parts must have; beside them one new word a part, as in interest rate for rate",
        "42 questions written for it",
        "python scripts/measure_parts.py",
    )
    parts_tokens: int = _chosen(110, "tokens written for them, at most", UNCOMPARED)
    foreign: int = _chosen(
        250,
        "how many times less likely than all other languages together English must be for a question to count as foreign: "
        "none of 335 English ones does, and 27 of 30 in 17 other languages do",
        "the golden set, questions over an archive, and 30 questions in other languages",
    )

    # ---- which passages are read, and when it is enough
    nearness: float = _chosen(
        4.0,
        "weight of how near a passage's tokens are to the question's, beside its hybrid score",
        "94 questions over a development archive and 200 public ones (docs/experiments.md, Retrieval)",
        "python scripts/measure_reranking.py",
    )
    lookback: int = _chosen(2, "sentences taken along from before a chunk, so that “he” has a name")
    near_days: int = _chosen(4, "days around the time asked about in which an article still counts as of that time")
    long_after: int = _chosen(
        366, "days after a time asked about from which an article that names no day of it is about another time"
    )
    in_period: float = _chosen(0.6, "what a passage of the time asked about gains, in log-odds")
    newest: float = _chosen(2.0, "what the newest passage gains where a question asks for the newest, in log-odds")
    timely_search: float = _chosen(0.2, "share of that gain which counts in the order of retrieval")
    rank_retrieval: float = _chosen(1.5, "weight of retrieval beside the model's log-odds in the rank of a passage")
    reader_scale: float = _chosen(
        6.0, "log-odds of the reader by which what it finds becomes 2.7 times likelier", _ARCHIVE, _RERANKING
    )
    reader: float = _chosen(
        0.6, "weight of what the reader finds in the order in which passages are read", _ARCHIVE, _RERANKING
    )
    rank_reader: float = _chosen(2.0, "weight of it beside the model's log-odds in the rank of a passage", _ARCHIVE)
    name_letters: int = _chosen(
        5,
        "letters of a name by which the collection is asked for it: names are inflected, and full text has stems",
        UNCOMPARED,
    )
    steps: tuple[int, ...] = _chosen(
        (3, 8, 12),
        "eighths of `Config.read` that are read in turn: the first few are enough for an answer that needs no mark, more of them for "
        "any that can be told",
        "a development archive of 607 articles with 120 questions (docs/experiments.md)",
        "rag eval",
    )
    unknown_name: float = _chosen(
        0.8,
        "what a name of the question that stands in no article takes from the log-odds that a passage holds the answer",
    )
    near_cosine: float = _chosen(0.3, "cosine from which an article counts as near the question")
    near_articles: int = _chosen(2, "such articles that a refusal names, at most")

    # ---- what is drafted, and which draft is the answer
    worth: float = _chosen(
        0.75,
        "log-odds that a passage holds the answer, below which none is asked of it: 1 draft of 50 from there was right",
        _CANDIDATES,
        _FIT,
    )
    further: float = _chosen(
        2.5,
        "rank below the best passage within which a further article is drafted from, where several statements are asked for",
    )
    statements: int = _chosen(4, "articles whose statements are told, at most, where several are asked for")
    sentences: int = _chosen(4, "sentences of a draft that are checked, at most")
    shortest: int = _chosen(32, "tokens of the shortest answer that is asked for beside a draft, at most")
    verifier: tuple[tuple[str, float], ...] = _chosen(
        (
            ("bias", -0.888),
            ("right", 0.266),
            ("holds", 0.094),
            ("behind", -0.278),
            ("exact", 0.884),
            ("stated", 0.359),
            ("sure", 2.846),
            ("clear", 1.423),
            ("rival", -0.712),
            ("pmi", 0.534),
            ("backed", 1.067),
        ),
        "logistic weights of what speaks for a draft: see rag.claims.verifier.Signals; those of clear, rival, pmi and backed were set on "
        "a development archive, and all are scaled on it so that the chance is right there",
        _CANDIDATES,
        _FIT,
    )
    verifier_best: tuple[tuple[str, float], ...] = _chosen(
        (("right", 2.788), ("exact", 1.0), ("stated", 1.0), ("sure", -0.063), ("clear", 0.15), ("pmi", 1.4)),
        "nine in ten drafts have less of each of these: what a passage's draft may still turn out to have",
        _CANDIDATES,
        _FIT,
    )
    usual_pmi: float = _chosen(
        1.4,
        "pointwise mutual information of question and passage where a model cannot tell, and the most that counts: the median",
        _CANDIDATES,
        _FIT,
    )
    usual_likely: float = _chosen(
        0.84,
        "how likely a shortest answer's words usually are: the median",
        "a development archive of 607 articles with 120 questions",
        "rag eval",
    )
    usual_backed: float = _chosen(
        -0.47, "how much likelier the reader usually finds what a draft says than something else", _ARCHIVE, "rag eval"
    )
    same_answer: float = _chosen(
        0.5, "share of a shortest answer's words from which a draft gives it", "the same archive", "rag eval"
    )
    thresholds: tuple[tuple[str, tuple[float, float]], ...] = _chosen(
        (("strict", (0.7, 0.87)), ("normal", (0.475, 0.835)), ("lenient", (0.36, 0.66))),
        "the chance of being right below which a draft is not told, and below which it is marked and the search goes on",
        "a development archive of 607 articles with 120 questions (docs/experiments.md)",
        "rag eval; the risk-coverage curve of its report",
    )
    beside: float = _chosen(
        0.85,
        "share of the first of these that is enough for a statement beside one that is told, where several are asked for",
        "18 questions for several statements, of the golden set, a development archive and a made-up one",
        "rag eval",
    )
    accounts: int = _chosen(2, "other articles that are asked whether they give another figure than the answer's")
    quoted: int = _chosen(2, "sentences of an article that are quoted, at most")
    quoted_from: int = _chosen(
        3, "passages whose own words are put forward in answer to a question for a yes or no; the likeliest is told"
    )
    weighed: int = _chosen(
        3,
        "sentences of such a passage that are weighed, the nearest to the question; one of them is put forward",
        _CLOSED,
        "python scripts/measure_closed.py",
    )
    weighed_near: float = _chosen(
        6.0,
        "weight of a sentence's nearness beside the model's log-odds in which of them that is",
        _CLOSED,
        "python scripts/measure_closed.py",
    )
    quote_words: float = _chosen(0.5, "weight of shared words beside likeness in which sentence is quoted")
    second_quote: float = _chosen(0.6, "nearness, beside the nearest sentence's, from which a second one is quoted")
    read_without_model: int = _chosen(6, "passages whose words count where there is no language model")
    extracted_from: int = _chosen(4, "passages from which sentences are quoted then")
    without_model: float = _chosen(0.85, "likeness and shared words from which sentences are quoted with no model")
    without_model_words: float = _chosen(0.6, "weight of the shared words in that")
    same_claim: float = _chosen(0.8, "share of words in common from which two statements say the same")

    # ---- summaries
    summary: int = _chosen(5, "sentences of a summary, at most")
    summary_words: tuple[int, int] = _chosen((6, 60), "words of a sentence that says something by itself", UNCOMPARED)
    summary_near: int = _chosen(
        15, "sentences near its subject, among which those that say different things are chosen"
    )
    summary_hits: int = _chosen(24, "chunks that are searched for its subject")
    news_words: float = _chosen(
        0.5,
        "share of a subject's words that an article's title and beginning must have for it to be news on that",
        UNCOMPARED,
    )
    news_days: int = _chosen(7, "days up to the last report on a subject that count as new", UNCOMPARED)
    summary_articles: int = _chosen(40, "newest articles that are summarised where no subject is named")

    # ---- what supports a sentence
    support: tuple[float, ...] = _chosen(
        (-3.89, 0.36, 2.01, 0.68),
        "logistic weights of support: bias, share of words found, cosine, model's log-odds",
        _QAGS,
        "rag eval --suite qags",
    )
    support_no_model: tuple[float, ...] = _chosen(
        (-4.21, 2.62, 3.39), "the same without a model", _QAGS, "rag eval --suite qags"
    )
    evidence: int = _chosen(3, "sentences cited for one statement, at most")
    citation_gain: float = _chosen(0.12, "share of a sentence's words that a further citation must add")
    citation_strength: float = _chosen(0.6, "strength, beside the first citation's, that a further one must have")
    citation_words: float = _chosen(0.5, "weight of shared words beside cosine in the strength of a citation")
    other_source: float = _chosen(0.5, "support without the model from which another source says the same")
    one_root: float = _chosen(0.6, "share of the longer of two words in common from which both are forms of one")

    # ---- a model on a server, where it gives no probability for yes and no
    plain_yes: float = _chosen(2.0, "log-odds that a yes without a probability counts for", UNCOMPARED)
    not_offered: float = _chosen(
        -12.0, "log-probability of a word that is not among those that the server names", UNCOMPARED
    )

    # ---- prompt injection
    injected: float = _chosen(
        3.5, "log-odds from which a sentence is said to a machine", _NEWS, "python scripts/fit_probe.py"
    )
    likely_injected: float = _chosen(
        2.5, "log-odds from which it counts towards its paragraph", _NEWS, "python scripts/fit_probe.py"
    )
    injected_share: float = _chosen(
        0.5, "share of such sentences from which a paragraph is left out", _NEWS, "python scripts/fit_probe.py"
    )


CALIBRATION = Calibration()


def fingerprint() -> str:
    """A short hash of all these numbers: answers with the same one were judged alike."""
    numbers = asdict(CALIBRATION) | {"retrieval": asdict(RETRIEVAL)}
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()[:10]
