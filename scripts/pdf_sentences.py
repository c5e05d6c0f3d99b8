"""How many sentences come whole out of a PDF: python scripts/pdf_sentences.py [--keep FOLDER]

Makes up a text, has it set by what is on this machine (fpdf2, Chromium, LibreOffice, LaTeX), in one column and in two, with
running heads and page numbers, reads it, and counts the sentences that stand whole within one paragraph.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
HEAD = "The Harbour Gazette, 3 May 2023"
_WHO = [
    "The harbour master",
    "A spokeswoman for the ministry",
    "Captain Ville Salo",
    "The coast guard",
    "Mayor Ann Ek",
    "The long-serving pilot",
]
_DID = ["announced on Wednesday", "told reporters in Turku", "confirmed after the investigation", "wrote in an international statement",
        "said", "acknowledged with considerable disappointment"]  # fmt: skip
_WHAT = ["that the ferry had lost its anchor", "that 120 passengers were brought ashore before noon", "that divers would look for it",
         "that the well-known lighthouse would be closed for nine hours", "that compensation had been offered to every passenger",
         "that the shipping company's representatives were cooperating with the authorities"]  # fmt: skip
_WHERE = ["off the southern coast.", "near the old shipyard, where the current is strong.", "at a cost of 4.5 million euros.",
          "in the worst storm of the season.", "despite repeated warnings from environmental organisations."]  # fmt: skip


def story(seed: int = 7, count: int = 28) -> list[list[str]]:
    """Paragraphs of sentences, each sentence once."""
    dice = random.Random(seed)
    pool = [f"{a} {b} {c} {d}" for a in _WHO for b in _DID for c in _WHAT for d in _WHERE]
    dice.shuffle(pool)
    return [[pool.pop() for _ in range(dice.randint(2, 5))] for _ in range(count)]


def share_whole(text: str, told: list[list[str]]) -> float:
    """The share of the sentences that stand whole within one paragraph."""
    found = [" ".join(paragraph.replace("’", "'").split()) for paragraph in text.split("\n\n")]
    sentences = [sentence for paragraph in told for sentence in paragraph]
    return sum(any(sentence in paragraph for paragraph in found) for sentence in sentences) / len(sentences)


def by_fpdf2(told: list[list[str]], out: Path, columns: int) -> None:
    """As a program's report."""
    from fpdf import FPDF

    class Paper(FPDF):
        def header(self) -> None:
            self.set_font("Helvetica", size=8)
            self.cell(0, 8, HEAD, align="C")
            self.ln(12)

        def footer(self) -> None:
            self.set_y(-12)
            self.set_font("Helvetica", size=8)
            self.cell(0, 8, f"Page {self.page_no()} of {{nb}}", align="C")

    paper = Paper()
    paper.add_page()
    paper.set_font("Times", size=11)
    with paper.text_columns(ncols=columns, text_align="J", line_height=1.15, gutter=8) as text:
        for paragraph in told:
            with text.paragraph(text_align="J", bottom_margin=3) as block:
                block.write(" ".join(paragraph))
    paper.output(str(out))


def _html(told: list[list[str]], columns: int) -> str:
    words = "".join(f"<p>{' '.join(p).replace('international', 'inter&shy;national')}</p>" for p in told)
    style = f"article {{columns: {columns}}}" if columns > 1 else ""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Ferry loses its anchor</title><style>'
        f"p {{text-align: justify; hyphens: auto}} {style}</style></head><body><article>{words}</article></body></html>"
    )


def by_chromium(told: list[list[str]], out: Path, columns: int) -> None:
    """As a reader prints a page, with the date and the address around it."""
    page = out.with_suffix(".html")
    page.write_text(_html(told, columns), "utf-8")
    browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    _do([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={out}", page.as_uri()])


def by_libreoffice(told: list[list[str]], out: Path, columns: int) -> None:
    """As an office prints a document; with columns as its own format has them."""
    from docx import Document
    from docx.oxml.ns import qn

    document = Document()
    section = document.sections[0]
    if columns > 1:
        section._sectPr.xpath("./w:cols")[0].set(qn("w:num"), str(columns))
    section.header.paragraphs[0].text = HEAD
    for paragraph in told:
        document.add_paragraph(" ".join(paragraph)).paragraph_format.alignment = 3
    source = out.with_suffix(".docx")
    document.save(str(source))
    _do(["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(out.parent), str(source)])


def by_latex(told: list[list[str]], out: Path, columns: int) -> None:
    """As an article that is set with hyphenation, first lines indented."""
    words = "\n\n".join(" ".join(p) for p in told)
    kind = "twocolumn" if columns > 1 else "onecolumn"
    out.with_suffix(".tex").write_text(
        rf"\documentclass[{kind}]{{article}}\pagestyle{{headings}}\markright{{{HEAD}}}\begin{{document}}{words}\end{{document}}"
    )
    _do(["pdflatex", "-interaction=batchmode", f"-output-directory={out.parent}", str(out.with_suffix(".tex"))])


def _do(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=300)


MAKERS = {
    "fpdf2": (by_fpdf2, lambda: find_spec("fpdf") is not None),
    "Chromium": (by_chromium, lambda: bool(shutil.which("chromium") or shutil.which("google-chrome"))),
    "LibreOffice": (by_libreoffice, lambda: bool(shutil.which("soffice"))),
    "LaTeX": (by_latex, lambda: bool(shutil.which("pdflatex"))),
}


def main() -> None:
    """Print the share for each maker that is here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the PDFs are kept")
    kept = parser.parse_args().keep
    from index.build import clean_all
    from index.reading.files import read_folders

    with tempfile.TemporaryDirectory() as temporary:
        folder = kept or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        told = story()
        for name, (make, is_here) in MAKERS.items():
            for columns in (1, 2):
                out = folder / f"{name}-{columns}.pdf"
                if not is_here():
                    print(f"{name}: not on this machine")
                    break
                if not out.exists():
                    make(told, out, columns)
                raws, skipped = read_folders([out])
                text = clean_all(raws)[0][0].text if raws else ""
                print(f"{name}, {columns} column(s): {share_whole(text, told):.3f}", *(s.why for s in skipped))


if __name__ == "__main__":
    main()
