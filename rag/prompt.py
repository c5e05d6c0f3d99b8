"""Every prompt text. The passage comes first and the question last.

Order matters to this model: with the question before the passage its yes/no (in another
wording) ranked the right passage first for 12 of 24 questions, with the question after it
for 22 (`docs/experiments.md`). It also lets what was read of a passage be kept for
the next question.
"""

from __future__ import annotations

from collections.abc import Sequence

from index.types import Article
from rag.calibration import CALIBRATION
from rag.evidence import heading
from rag.types import Passage, Turn

READ = "You check and answer questions about a passage from a news article. Use only the passage."
REWRITE = (
    "You rewrite the last question of a conversation so that it can be understood alone. "
    "Name the people, places, events and days it is about, as the conversation names them. "
    "Reply with the question only. Example: after 'User: Where did the mayor speak? Assistant: "
    "At the harbour in Porto.' the question 'And how long was it?' becomes 'How long did the "
    "mayor speak at the harbour in Porto?'"
)
REWRITE_AGAIN = (
    "You rewrite the last question of a conversation so that it can be understood alone, with the names that the "
    "conversation gives. Reply with the question only."
)
REWRITE_EXAMPLES = """User: Where did the mayor of Porto speak?
Assistant: At the harbour.
Last question: And how long was it?

Rewritten question: How long did the mayor of Porto speak at the harbour?

User: Who leads the Alder Party?
Assistant: Anna Brandt leads it.
Last question: and before that?

Rewritten question: Who led the Alder Party before Anna Brandt?

User: What did the court in Lyon decide?
Assistant: It closed the plant.
Last question: What had the owner asked for?

Rewritten question: What had the owner of the plant asked the court in Lyon for?

User: How many bikes did Velora sell in May?
Assistant: It sold 900.
Last question: and in June?

Rewritten question: How many bikes did Velora sell in June?

"""
QUESTION = "Question:"
SPLIT = "You write down each thing that a question asks for as a short question of its own, one a line, in the question's words."
SPLIT_EXAMPLES = """Question: When was the ferry due in Porto, and when did it arrive?
When was the ferry due in Porto?
When did the ferry arrive in Porto?

Question: Who is the minister of trade and industry?
Who is the minister of trade and industry?

Question: How tall were Anna and Leo Brandt when each left school?
How tall was Anna Brandt when Anna Brandt left school?
How tall was Leo Brandt when Leo Brandt left school?

Question: Where and when was the bridge built, and what did it cost?
Where was the bridge built?
When was the bridge built?
What did the bridge cost?

Question: After the storm in May, what did the mayor promise?
After the storm in May, what did the mayor promise?

Question: How high did the river stand in March, in April and in June 2021?
How high did the river stand in March 2021?
How high did the river stand in April 2021?
How high did the river stand in June 2021?

Question: Prices of bread, milk and coal in Lisbon?
What was the price of bread in Lisbon?
What was the price of milk in Lisbon?
What was the price of coal in Lisbon?

"""
NO_PASSAGE = "Passage:\n(none)\n\n"
WRITING = "writing"  # what a status says while the model writes
DRAFT_GOLDEN = "You write quiz questions about a news passage."


def passage_head(passage: Passage) -> str:
    """What the model reads of a passage, before any question."""
    title = f"; {passage.title}" if passage.title else ""
    return f"Passage ({heading(passage.article)}{title}):\n{passage.shown}\n\n"


def asked(question: str) -> str:
    """The question by itself: how likely the passage read before makes it."""
    return f"Question: {question}"


def holds_answer(question: str) -> str:
    """Whether the passage read before answers the question."""
    return f"Question: {question}\nCan the question be answered from the passage?"


def answer(question: str) -> str:
    """What the passage read before says in answer to the question."""
    return f"Question: {question}\nAnswer in one complete sentence, with the names, numbers and days that the passage gives."


def is_right(question: str, sentence: str) -> str:
    """Whether a draft answers the question rightly: P(True), see `rag.claims.verifier`."""
    return f"Question: {question}\nProposed answer: {sentence}\nIs the proposed answer right according to the passage?"


def shortest(question: str) -> str:
    """The answer in as few of the passage's words as will do, or that there is none."""
    wanted = 'Reply with only the name, number, day or phrase that answers it, as the passage has it; "not stated" if it has none.'
    return f"Question: {question}\n{wanted}"


def briefly(question: str) -> str:
    """The same where the other wording got no answer: with this one a small model always gives one."""
    return f"Question: {question}\nAnswer with as few words of the passage as possible."


def says(sentence: str) -> str:
    """Whether the passage read before says what a sentence says."""
    return f"Statement: {sentence}\nDoes the passage say this?"


def statement_head(article: Article | None, text: str) -> str:
    """Evidence as the support check reads it."""
    return f"Passage ({heading(article)}):\n{text}\n\n" if article else f"Passage:\n{text}\n\n"


def split(question: str) -> str:
    """A question to be taken apart, after `SPLIT_EXAMPLES`."""
    return f"{QUESTION} {question}"


def conversation(history: Sequence[Turn], question: str) -> str:
    """The last turns and the question, for the rewriting of a follow-up."""
    lines = [
        f"{'User' if t['role'] == 'user' else 'Assistant'}: {' '.join(t['content'].split())[: CALIBRATION.turn_letters]}"
        for t in history
    ]
    return "\n".join([*lines, f"Last question: {question}"]) + "\n\nRewritten question:"
