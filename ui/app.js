// The source beside the answer: open what is cited, light the words, step through the citations.
// Runs once, when the panel is there; `element` and `server` come from Gradio (see app.py).
"use strict";
window.ragPanel?.abort();
const life = new AbortController();
window.ragPanel = life;
const on = (target, kind, act, options = {}) => target.addEventListener(kind, act, { ...options, signal: life.signal });

const view = element.querySelector(".view");
const bar = element.querySelector(".steps");
const count = element.querySelector(".count");
let from = null; // the button that opened what is shown
let cites = []; // what its answer cites, in order
let place = -1; // which of them is shown
let turn = 0; // the newest request; what comes late is dropped

async function show(article, start, end) {
  const mine = ++turn;
  const others = cites.filter((c) => c.article === article && c.start !== start).map((c) => [c.start, c.end]);
  let page = null;
  try {
    page = await server.open_article({ article, start, end, others });
  } catch {
    page = null; // the server is gone, or asks who is there
  }
  if (mine !== turn) return;
  if (page === null) view.textContent = "The chat does not answer any more. Reload the page.";
  else view.innerHTML = page; // escaped by ui/panel.py
  bar.hidden = false;
  count.textContent = place >= 0 ? `Citation ${place + 1} of ${cites.length}` : "";
  for (const step of element.querySelectorAll(".step")) step.hidden = cites.length < 2 || place < 0;
  document.querySelector("#side button[role=tab]")?.click();
  if (window.innerWidth < 900) element.scrollIntoView({ block: "start" });
  const mark = view.querySelector("mark.current");
  if (mark) mark.scrollIntoView({ block: window.innerWidth < 900 ? "nearest" : "center" });
  else view.scrollTop = 0;
  for (const lit of document.querySelectorAll("[data-article].shown")) lit.classList.remove("shown");
  from?.classList.add("shown");
  view.focus({ preventScroll: true });
}

function open(button) {
  from = button;
  const answer = button.closest("[data-cites]");
  cites = answer ? JSON.parse(answer.dataset.cites) : [];
  const { article, start, end } = button.dataset;
  const { marker } = button.dataset;
  place = cites.findIndex((c) => (marker ? String(c.marker) === marker : c.article === article && String(c.start) === start));
  show(article, Number(start), Number(end));
}

function step(by) {
  if (place < 0 || cites.length < 2) return;
  place = (place + by + cites.length) % cites.length;
  const { article, start, end, marker } = cites[place];
  from = from?.closest("[data-cites]")?.querySelector(`.chip[data-marker="${marker}"]`) ?? from;
  show(article, start, end);
}

on(document, "click", (event) => {
  const button = event.target.closest?.("[data-article]");
  if (button) open(button);
  const by = event.target.closest?.(".step")?.dataset.by;
  if (by) step(Number(by));
  if (event.target.closest?.(".back")) back();
});

function back() {
  from?.scrollIntoView({ block: "center" });
  from?.focus();
}

on(document, "keydown", (event) => {
  if (event.key === "Escape") {
    hide();
    if (element.contains(document.activeElement)) back();
  }
  const here = document.activeElement?.closest?.(".chip") || element.contains(document.activeElement);
  const modified = event.altKey || event.ctrlKey || event.metaKey;
  if (!here || modified || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  event.preventDefault();
  const chip = document.activeElement.closest(".chip");
  if (chip && chip !== from) open(chip);
  else step(event.key === "ArrowRight" ? 1 : -1);
});

// The words behind a citation, beside it, on hover and on focus.
document.querySelector("#tip")?.remove();
const tip = document.body.appendChild(Object.assign(document.createElement("div"), { id: "tip", hidden: true }));
tip.setAttribute("aria-hidden", "true"); // the same words are the button's label
function hide() {
  tip.hidden = true;
}
function hint(event) {
  const target = event.target.closest?.("[data-tip]");
  if (!target) return hide();
  tip.textContent = target.dataset.tip;
  tip.hidden = false;
  const at = target.getBoundingClientRect();
  const left = Math.min(at.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
  const below = at.bottom + 6 + tip.offsetHeight < window.innerHeight;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${below ? at.bottom + 6 : at.top - tip.offsetHeight - 6}px`;
}
on(document, "mouseover", hint);
on(document, "focusin", hint);
// What scrolls takes the hint with it, unless it is the focus that it belongs to.
on(document, "scroll", () => (tip.hidden ? null : hint({ target: document.activeElement })), { capture: true });

// A chat as a file: made here, so that nothing is left behind on the server's disk.
window.ragSave = (name, text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

// Gradio calls its example questions a list and puts buttons in it, which a screen reader cannot follow.
const mend = () => {
  for (const list of document.querySelectorAll(".examples[role=list]")) list.setAttribute("role", "group");
};
const seen = new MutationObserver(mend);
seen.observe(document.body, { childList: true, subtree: true });
life.signal.addEventListener("abort", () => seen.disconnect());
mend();
