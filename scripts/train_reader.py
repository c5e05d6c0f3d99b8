"""Train the reader: python scripts/train_reader.py DATA OUT [--steps N]

DATA holds `rank/` and `support/`, files of public questions with the passages that answer them and those that do not, and of
claims with their evidence (a row of `rank` is a question `q`, passages `pos` and `neg`, an `answer` in their words). The
embedding model learns where in a passage the answer begins and ends, the first token standing for "not here"; beside it,
from the claims, whether a passage says a sentence: not used, as it tells no more than words and likeness do (docs/experiments.md). Hard negatives are what the embedding model
itself finds for a question and what does not have the answer.

Held out, and measured at the end, is a tenth of the articles or weeks, and of NewsQA the fifth that `rag eval --suite newsqa`
asks about. OUT gets the checkpoint, from which training goes on when it was stopped, and the file that `rag/reader/` has,
in eight bits. Two cores take an hour for 1,600 steps.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from transformers import AutoModel

from eval.metrics import auroc
from rag.config import DEFAULT_EMBEDDER
from rag.models import locate
from scripts.verifier_candidates import names_something

BATCH, TOKENS, ASKED, SPAN = 32, 192, 400, 30
RATE, HEAD_RATE, WARMUP = 1.2e-4, 4.8e-4, 0.06
_TITLED = 0.7  # share of the passages that have a title which are shown it
_FAR = -1e4
_NUMBER = re.compile(r"(?<![\w.,])\d[\d,.]*\d|(?<![\w.,])\d(?!\w)")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_VERB = re.compile(r"\b(?:is|was|are|were|will|would|has|have|had|can|could) (?!not)")
# How many of each are learned from, at most: long Wikipedia paragraphs and claims about captions are not news.
MOST = {"shift": 6000, "swap": 2500, "conjnli": 3000, "cfnli": 1000, "healthver": 1000, "covidfact": 1000}
MOST |= {"factcheckgpt": 1500, "begin": 1000, "realtimeqa_verify": 1000}
CLAIMS = "fm2 defacto rte fever_symmetric conjnli covidfact factcheckgpt wice cfnli begin healthver realtimeqa_verify".split()


@dataclass(frozen=True)
class Example:
    """A question and a passage, or a claim and its evidence.

    Attributes:
        spans: where the answer stands in the passage, as (start, end); none where it does not; None for a claim.
        said: whether the evidence says the claim.
        of: the file it is from.
    """

    first: str
    passage: str
    spans: tuple[tuple[int, int], ...] | None
    said: float = 0.0
    of: str = ""


def held_out(key: object, one_in: int = 10) -> bool:
    """Whether what has this key is for measuring, not for learning."""
    return zlib.crc32(str(key).encode()) % one_in == 0


def spans(answer: str, text: str) -> tuple[tuple[int, int], ...]:
    """Where an answer stands in a text, as whole words."""
    words = answer.strip().strip(".")
    return tuple(m.span() for m in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.I)) if words else ()


class Data:
    """Examples to learn from and to measure with, in a fixed random order."""

    def __init__(self, folder: Path, embedder: SentenceTransformer) -> None:
        self.folder, self.draw = folder, random.Random(7)
        self.learned, self.held = list[Example](), list[Example]()
        self.titles: dict[str, str] = {}  # of the passages among which hard negatives are looked for
        self.asked = list[tuple[str, str, str, bool]]()  # question, answer, file and whether it is held out
        self.news()
        self.encyclopaedia()
        self.hard_negatives(embedder)
        self.claims()
        self.changed()
        self.draw.shuffle(self.learned)
        self.draw.shuffle(self.held)
        kept = Counter[str]()
        few = []
        for example in self.learned:
            kept[example.of] += 1
            if kept[example.of] <= MOST.get(example.of, len(self.learned)):
                few.append(example)
        self.learned = few

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a file."""
        return [json.loads(line) for line in (self.folder / f"{name}.jsonl").read_text("utf-8").splitlines()]

    def some(self, many: Sequence[Any], most: int) -> list[Any]:
        """As many of these, drawn at random."""
        return self.draw.sample(list(many), min(most, len(many)))

    def add(self, question: str, title: str, text: str, answer: str, of: str, held: bool) -> bool:
        """Add a passage that has the answer, or none where `answer` is empty; whether it could be used."""
        head = f"{title.replace('_', ' ')}. " if title and self.draw.random() < _TITLED else ""
        found = tuple((a + len(head), b + len(head)) for a, b in spans(answer, text))
        if bool(found) == bool(answer):
            (self.held if held else self.learned).append(Example(question, head + text, found, of=of))
        return bool(found) == bool(answer)

    def news(self) -> None:
        """Questions about news: NewsQA, RealTimeQA's clean rows and their explanations, TREC."""
        rows = self.rows("rank/newsqa")
        tested = set(sorted({row["doc"] for row in rows})[4::5])
        for row in rows:
            self.titles |= dict.fromkeys([*row["pos"], *row["neg"]], "")
            held = row["doc"] in tested
            if row["answer"] and row["pos"] and self.add(row["q"], "", row["pos"][0], row["answer"], "newsqa", held):
                for text in row["neg"] if held else self.some(row["neg"], 2):
                    if not spans(row["answer"], text):
                        self.add(row["q"], "", text, "", "newsqa", held)
                if names_something(row["q"]):
                    self.asked.append((row["q"], row["answer"], "newsqa", held))
        for row in self.rows("rank/realtimeqa"):
            if not row["pos"] or row["short"] or row["pos_ov"][0] < 0.4:
                continue
            held, answer = held_out(row["date"]), row["answer"]
            has = [(t, x) for t, x, o in zip(row["pos_title"], row["pos"], row["pos_ov"], strict=True) if o >= 0.4][:3]
            lacks = list(zip(row["neg_title"], row["neg"], strict=True))
            self.titles |= {text: title for title, text in [*has, *lacks]}
            for title, text in has:
                self.add(row["q"], title, text, answer, "realtimeqa", held)
            lacks = [(title, text) for title, text in lacks if not spans(answer, f"{text} {title}")]
            for title, text in lacks[:7] if held else self.some(lacks, 3):
                self.add(row["q"], title, text, "", "realtimeqa", held)
            self.asked.append((row["q"], answer, "realtimeqa", held))
        for row in self.rows("rank/realtimeqa_evidence"):
            if row["answer"] and row["pos"]:
                self.add(row["q"], "", row["pos"][0], row["answer"], "evidence", held_out(row["date"]))
        for row in self.rows("rank/trecqa"):
            for answer in row["answer"] or []:
                for text in self.some(row["pos"], 4):
                    self.add(row["q"], "", text, answer, "trec", False)
                for text in self.some(row["neg"], 4):
                    self.add(row["q"], "", text, "", "trec", False)

    def encyclopaedia(self) -> None:
        """Questions on Wikipedia: SQuAD 2, half of them with no answer, SQuADShifts, and QAMR's that name something."""
        for row in self.rows("rank/squad2_half"):
            text = row.get("ctx") or " ".join([*row["pos"], *row["neg"]])
            title = row.get("title") or ""
            self.add(row["q"], title, text, row["answer"] or "", "squad2", held_out(title or row["q"]))
        shifted, texts = self.rows("rank/squadshifts_new_wiki"), defaultdict[str, list[str]](list)
        for row in shifted:
            row["text"] = row.get("ctx") or " ".join([*row["pos"], *row["neg"]])
            texts[row.get("title") or ""].append(row["text"])
        for row in shifted:
            title, answer = row.get("title") or "", row["answer"] or ""
            held = held_out(title or row["q"])
            if answer:
                self.add(row["q"], title, row["text"], answer, "shift", held)
            others = [t for t in dict.fromkeys(texts[title]) if t != row["text"] and not spans(answer, t)]
            if others and self.draw.random() < 0.5:
                self.add(row["q"], title, self.draw.choice(others), "", "shift", held)
        for row in self.rows("rank/qamr"):
            if row["answer"] and row["pos"] and names_something(row["q"]):
                parts = [row["pos"][0], *[text for text in row["neg"] if text][:2]]
                self.draw.shuffle(parts)
                self.add(row["q"], "", " ".join(parts), row["answer"], "qamr", held_out(row["pos"][0], 20))

    def hard_negatives(self, embedder: SentenceTransformer) -> None:
        """Of what is nearest to a question, two passages without its answer."""
        texts = list(self.titles)
        embedder.max_seq_length = 128
        with torch.autocast("cpu", torch.bfloat16):
            vectors = embedder.encode([f"{self.titles[t]}. {t}" if self.titles[t] else t for t in texts], batch_size=64)
            asked = embedder.encode([question for question, *_ in self.asked], batch_size=64)
        for (question, answer, of, held), vector in zip(self.asked, asked, strict=True):
            near = [texts[n] for n in np.argpartition(-(vectors @ vector), 12)[:12]]
            lacks = [text for text in near if not spans(answer, f"{text} {self.titles[text]}")]
            for text in self.some(lacks[:8], 2):
                self.add(question, self.titles[text], text, "", of, held)

    def claims(self) -> None:
        """Claims and whether their evidence says them."""
        for name in CLAIMS:
            for row in self.rows(f"support/{name}"):
                evidence = row["evidence"] if isinstance(row["evidence"], str) else " ".join(row["evidence"])
                if row["label"] not in ("partial", "generic") and row["claim"] and evidence:
                    example = Example(row["claim"], evidence[:1200], None, float(row["label"] == "supported"), name)
                    (self.held if held_out(evidence[:80], 12) else self.learned).append(example)

    def changed(self) -> None:
        """Sentences of the news with a number, a name or a negation changed, or as they are."""
        for text in self.some(list(self.titles), 6000):
            said = [s for s in re.split(r"(?<=[.!?])\s+", text) if 40 < len(s) < 250]
            if not said:
                continue
            sentence = self.draw.choice(said)
            new = self._changed(sentence, text)
            example = Example(new, text[:1000], None, float(new == sentence), "swap")
            (self.held if held_out(text[:60], 12) else self.learned).append(example)

    def _changed(self, sentence: str, text: str) -> str:
        how = self.draw.choice(("same", "number", "name", "negation", "name"))
        pattern = {"number": _NUMBER, "name": _NAME, "negation": _VERB}.get(how)
        places = list(pattern.finditer(sentence)) if pattern else []
        if not places or not pattern:
            return sentence
        place = self.draw.choice(places)
        if how == "negation":
            return f"{sentence[: place.end()]}not {sentence[place.end() :]}"
        others = [word for word in pattern.findall(text) if word not in sentence]
        if how == "number" and not others:
            others = [str(int(re.sub(r"\D", "", place[0]) or 1) + self.draw.randint(1, 9))]
        return sentence[: place.start()] + self.draw.choice(others) + sentence[place.end() :] if others else sentence


class Network(nn.Module):
    """The embedding model's encoder with two heads: where an answer begins and ends, and whether a claim is said."""

    def __init__(self, folder: Path, **config: Any) -> None:
        super().__init__()
        self.base = AutoModel.from_pretrained(
            folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **config
        )
        self.span = nn.Linear(self.base.config.hidden_size, 2)
        self.says = nn.Linear(self.base.config.hidden_size, 1)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of shape (batch, tokens) for start and end, and of shape (batch,) for a claim."""
        made = self.base(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        spans = self.span(made.last_hidden_state)
        return spans[..., 0], spans[..., 1], self.says(made.last_hidden_state[:, 0])[:, 0]


@dataclass(frozen=True)
class Batch:
    """Tokens of some examples, which of them may be an answer's (the first: none), and which begin and end one."""

    fed: dict[str, Tensor]
    may_be: Tensor
    starts: Tensor
    ends: Tensor
    offsets: np.ndarray


def encode(tokenizer: Any, examples: Sequence[Example]) -> Batch:
    """The tokens of some examples, padded to the longest."""
    read = tokenizer(
        [e.first[:ASKED] for e in examples], [e.passage for e in examples], truncation="only_second", max_length=TOKENS,
        padding=True, return_offsets_mapping=True, return_tensors="pt",
    )  # fmt: skip
    offsets = read.pop("offset_mapping").numpy()
    own = np.array([[s == 1 for s in read.sequence_ids(n)] for n in range(len(examples))])
    starts, ends = torch.zeros(own.shape), torch.zeros(own.shape)
    for n, example in enumerate(examples):
        for a, b in example.spans or ():
            first = np.flatnonzero(own[n] & (offsets[n, :, 0] <= a) & (offsets[n, :, 1] > a))
            last = np.flatnonzero(own[n] & (offsets[n, :, 0] < b) & (offsets[n, :, 1] >= b))
            if len(first) and len(last):
                starts[n, first[0]] = ends[n, last[0]] = 1
        if not starts[n].any():
            starts[n, 0] = ends[n, 0] = 1
    may_be = torch.tensor(own)
    may_be[:, 0] = True
    return Batch(dict(read), may_be, starts, ends, offsets)


def loss_of(network: nn.Module, batch: Batch, examples: Sequence[Example]) -> Tensor:
    """Cross-entropy: of an answer's first and last token, wherever it stands, and of the claims."""
    with torch.autocast("cpu", torch.bfloat16):
        start, end, says = network(**batch.fed)
    asked = torch.tensor([e.spans is not None for e in examples])
    total = torch.zeros(())
    for logits, right in ((start, batch.starts), (end, batch.ends)):
        likely = logits.float().masked_fill(~batch.may_be, _FAR).log_softmax(-1)
        total = total - likely.masked_fill(right == 0, _FAR).logsumexp(-1)[asked].sum() / 2
    said = torch.tensor([e.said for e in examples])
    total = total + nn.functional.binary_cross_entropy_with_logits(says.float()[~asked], said[~asked], reduction="sum")
    return total / len(examples)


def batches(examples: Sequence[Example], draw: random.Random) -> Iterator[list[Example]]:
    """The examples once, in random batches of like length."""
    order = draw.sample(examples, len(examples))
    for start in range(0, len(order), BATCH * 40):
        pool = sorted(order[start : start + BATCH * 40], key=lambda e: len(e.first) + len(e.passage))
        yield from draw.sample(split := [pool[n : n + BATCH] for n in range(0, len(pool), BATCH)], len(split))


def forever(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """Batches of the examples, again and again."""
    draw = random.Random(1)
    while True:
        yield from batches(examples, draw)


def train(network: Network, tokenizer: Any, data: Data, steps: int, checkpoint: Path) -> None:
    """Train for so many steps, from the checkpoint where there is one."""
    network.base.embeddings.word_embeddings.weight.requires_grad_(False)
    body = [p for p in network.base.parameters() if p.requires_grad]
    heads = [*network.span.parameters(), *network.says.parameters()]
    optimiser = torch.optim.AdamW([{"params": body}, {"params": heads, "lr": HEAD_RATE}], lr=RATE)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda n: min(1.0, (n + 1) / (WARMUP * steps)) * max(0.01, 1 - n / steps)
    )
    done = 0
    if checkpoint.exists():
        kept = torch.load(checkpoint)
        network.load_state_dict(kept["network"])
        optimiser.load_state_dict(kept["optimiser"])
        rate.load_state_dict(kept["rate"])
        done = kept["step"]
    began, lost = time.monotonic(), 0.0
    for step, examples in enumerate(forever(data.learned), 1):
        if step <= done:
            continue
        if step > steps:
            break
        loss = loss_of(network, encode(tokenizer, examples), examples)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        rate.step()
        optimiser.zero_grad()
        lost += float(loss.detach())
        if step % 50 == 0 or step == steps:
            print(f"step {step} of {steps}: loss {lost / 50:.3f}, {time.monotonic() - began:.0f} s", flush=True)
            kept = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "rate": rate.state_dict()}
            torch.save(kept | {"step": step}, checkpoint)
            lost = 0.0


def export(network: Network, folder: Path, tokenizer: Any) -> Path:
    """Write the network as `reader.onnx`, its weights in eight bits, and its tokenizer beside it."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    names, whole = ["input_ids", "attention_mask", "token_type_ids"], folder / "whole.onnx"
    given = torch.ones(2, 16, dtype=torch.long)
    axes = {name: {0: "batch", 1: "tokens"} for name in [*names, "start", "end"]} | {"says": {0: "batch"}}
    torch.onnx.export(
        network.eval(), (given, given, torch.zeros_like(given)), str(whole), input_names=names,
        output_names=["start", "end", "says"], dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(whole, folder / "reader.onnx", weight_type=QuantType.QInt8, per_channel=True)
    whole.unlink()
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "reader.onnx"


def measure(file: Path, examples: Iterable[Example]) -> None:
    """Print, for each file: F1 of the answers' words, and how well the odds tell passages with an answer (AUROC)."""
    from rag.reader import Reader

    reader, groups = Reader(file), defaultdict[str, list[Example]](list)
    for example in examples:
        if example.spans is not None:
            groups[example.of].append(example)
    for name, group in sorted(groups.items()):
        found = [reader.read(e.first, [e.passage])[0] for e in group]
        has = [bool(e.spans) for e in group]
        shares = [
            max(overlap(f.text, e.passage[a:b]) for a, b in e.spans)
            for f, e in zip(found, group, strict=True)
            if e.spans
        ]
        told = f"AUROC {auroc([f.odds for f in found], has):.3f}" if not all(has) else ""
        print(f"{name:12} {len(group):5} passages, {sum(has)} with an answer: F1 {np.mean(shares):.3f} {told}")


def overlap(one: str, other: str) -> float:
    """F1 of the words of two answers (Rajpurkar et al., "SQuAD", 2016)."""
    a, b = (Counter(re.findall(r"\w+", re.sub(r"\b(?:a|an|the)\b", " ", text.lower()))) for text in (one, other))
    both = (a & b).total()
    return 2 * both / (a.total() + b.total()) if both else 0.0


def main() -> int:
    """Train, export and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=1650)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    folder = locate(DEFAULT_EMBEDDER, "embedder")
    embedder = SentenceTransformer(str(folder), device="cpu")
    data, tokenizer = Data(args.data, embedder), embedder.tokenizer
    print(f"{len(data.learned)} examples to learn from, {len(data.held)} held out", flush=True)
    network = Network(folder, attn_implementation="sdpa")
    train(network, tokenizer, data, args.steps, args.out / "checkpoint.pt")
    plain = Network(folder, attn_implementation="eager")
    plain.load_state_dict(network.state_dict())
    measure(export(plain, args.out, tokenizer), data.held)
    return 0


if __name__ == "__main__":
    sys.exit(main())
