// The page beside Gradio's components: the source drawer, the rail, folding, copying, the address of a chat.
// Runs once, when the drawer is there; `element` and `server` come from Gradio, `window.ragParts` from the other parts
// (see ui/app.py). Whatever is put into the page was escaped by Python.
"use strict";
window.ragPage?.abort();
const life = new AbortController();
window.ragPage = life;
const on = (target, kind, act, options = {}) => target.addEventListener(kind, act, { ...options, signal: life.signal });
const one = (query, at = document) => at.querySelector(query);
const all = (query, at = document) => [...at.querySelectorAll(query)];
const body = document.body;
function tell(part, event, data) {
  const there = window.ragParts?.[part];
  if (there) there.trigger(event, data);
  else setTimeout(tell, 50, part, event, data); // it hears it as soon as it is there
}

// ---- the source beside the answer

const paper = one(".paper", element);
let from = null; // the button that opened what is shown
let cites = []; // what its answer cites, in order
let place = -1; // which of them is shown
let turn = 0; // the newest request; what comes late is dropped

async function show(article, start, end, exact) {
  const mine = ++turn;
  const others = cites.filter((c) => c.article === article && c.start !== start).map((c) => [c.start, c.end]);
  let page = null;
  try {
    page = await server.open_article({ article, start, end, others, exact });
  } catch {
    page = null; // the server is gone, or asks who is there
  }
  if (mine !== turn) return;
  if (page === null) paper.textContent = "The chat does not answer any more. Reload the page.";
  else paper.innerHTML = page;
  one(".where b", element).textContent = one("h2", paper)?.dataset.where ?? "";
  one(".where small", element).textContent = place >= 0 ? `Quote ${place + 1} of ${cites.length}` : "Article";
  for (const step of all("[data-step]", element)) step.hidden = cites.length < 2 || place < 0;
  body.classList.add("drawer-open");
  const mark = one("mark.current", paper);
  if (mark) {
    mark.dataset.n = place >= 0 ? cites[place].marker : "›";
    mark.classList.add("first");
  }
  paper.scrollTop = 0;
  const top = mark ? mark.getBoundingClientRect().top - paper.getBoundingClientRect().top : 0;
  if (mark && top + mark.offsetHeight > paper.clientHeight - 24) paper.scrollTop = top - paper.clientHeight / 3;
  for (const lit of all('.cite[aria-expanded="true"]')) lit.setAttribute("aria-expanded", "false");
  if (from?.matches(".cite")) from.setAttribute("aria-expanded", "true");
  paper.focus({ preventScroll: true });
}

function open(button) {
  const answer = button.closest("[data-cites]");
  cites = answer ? JSON.parse(answer.dataset.cites) : [];
  const { article, start, end, marker } = button.dataset;
  place = cites.findIndex((c) => (marker ? String(c.marker) === marker : c.article === article && String(c.start) === start));
  from = button;
  show(article, Number(start), Number(end), cites[place]?.exact);
}

function step(by) {
  if (place < 0 || cites.length < 2) return;
  place = (place + by + cites.length) % cites.length;
  const { article, start, end, marker, exact } = cites[place];
  from = from && one(`.cite[data-marker="${marker}"]`, from.closest("[data-cites]") ?? document) || from;
  show(article, start, end, exact);
}

function close() {
  const inside = element.contains(document.activeElement);
  body.classList.remove("drawer-open", "rail-open");
  for (const lit of all('.cite[aria-expanded="true"]')) lit.setAttribute("aria-expanded", "false");
  if (inside && from?.isConnected) from.focus();
}

// ---- what is clicked

on(document, "click", (event) => {
  const hit = (query) => event.target.closest?.(query);
  for (const pop of all("details.pop[open]")) if (!pop.contains(event.target) || hit("[role=menuitem]")) pop.open = false;
  const button = hit("[data-article]");
  if (button) return open(button);
  const act = hit("[data-act]");
  if (act) return acts[act.dataset.act]?.(act, event);
  const link = hit("#chats a[href]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    pick(link.closest("[data-chat]").dataset.chat);
  }
  const by = hit("[data-step]")?.dataset.step;
  if (by) step(Number(by));
  if (hit("[data-close]") || event.target.id === "scrim") close();
  if (hit("[data-rail]")) body.classList.toggle("rail-open");
  const page = hit("[data-page-go]");
  if (page) go(page.dataset.pageGo);
  const asked = hit("[data-ask]");
  if (asked) ask(asked.dataset.ask);
  const copied = hit("[data-copy]");
  if (copied) {
    navigator.clipboard?.writeText(copied.dataset.copy);
    toast("Copied.");
  }
  const more = hit(".more[aria-controls]");
  if (more) fold(more, more.getAttribute("aria-expanded") !== "true");
  const theme = hit("[data-theme-set]");
  if (theme) choose("theme", theme.dataset.themeSet);
  const caution = hit("[data-caution-set]");
  if (caution) choose("caution", caution.dataset.cautionSet);
  const used = hit("[data-use]");
  if (used) {
    for (const other of all(`[data-use="${used.dataset.use}"]`)) other.setAttribute("aria-checked", String(other === used));
    tell("settings", "select", { what: used.dataset.use, value: used.dataset.value });
  }
  const size = hit("[data-size-set]");
  if (size) choose("size", size.dataset.sizeSet);
});

const acts = {
  new: () => {
    turn += 1; // an article that is on its way has come too late
    go("ask");
    close();
    begin();
    one("#question textarea")?.focus();
  },
  again: (button) => tell("thread", "retry", { turn: button.dataset.turn }),
  like: (button) => tell("thread", "like", { turn: button.dataset.turn, liked: button.dataset.liked }),
  rename: (button) => rename(button.closest("[data-chat]")),
  delete: (button) => {
    const row = button.closest("[data-chat]");
    const name = one("a", row).textContent;
    const { chat } = row.dataset; // read now: the element may be used for another chat later
    tell("chats", "delete", { chat });
    toast(`Deleted “${name}”`, () => tell("chats", "undo", { chat }));
  },
  remove: (button) => tell("listing", "delete", { id: button.dataset.id }),
  add: () => {
    const shut = body.dataset.page !== "articles" || !body.classList.contains("adding");
    go("articles");
    body.classList.toggle("adding", shut);
    if (body.classList.contains("adding")) one("#add")?.scrollIntoView({ block: "nearest" });
  },
  "add-nothing": () => {
    body.classList.remove("adding");
    tell("review", "clear", {});
  },
  edit: (button) => {
    editing = { id: button.dataset.id, field: button.dataset.field ?? "title", typed: {} };
    showForm();
  },
  "edit-end": () => edited(editing.id),
  "as-read": (button) => tell("listing", "submit", { id: button.closest("form").dataset.id, as_read: true }),
  page: (button) => list({ offset: Number(button.dataset.offset) }),
  summarise: () => {
    // Of those that are listed: what they are narrowed to is what the question is limited to, in sight above it.
    limit({ source: only.source, from: only.after, to: only.before });
    limited();
    ask("Summarise these articles");
  },
  "summarise-shown": () => ask(`Summarise “${one("h2", paper).textContent}”`), // by the title that is shown
  "clear-search": () => {
    const box = one("#search textarea, #search input");
    box.value = "";
    box.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => list({}), 60); // after Gradio has taken the text over
  },
  person: (button) => {
    wish({ person: { name: button.dataset.name, show: button.dataset.show ?? "" } });
    tell("people", "select", {});
  },
  "bring-back": (button) => tell("listing", "undo", { id: button.dataset.id }),
};
for (const kind of ["md", "html", "json"])
  acts[`save-${kind}`] = (button) => tell("chats", "download", { chat: button.closest("[data-chat]").dataset.chat, kind });

function ask(question) {
  go("ask");
  type(question);
  setTimeout(() => one("#send")?.click(), 60); // after Gradio has taken the text over
}
function type(text) {
  const box = one("#question textarea");
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}
let taken = ""; // the question that is on its way to Python
window.ragTaken = (text) => {
  if (text !== null) type("");
  else if (!one("#question textarea").value) type(taken); // it did not arrive
  taken = text ?? "";
};

function pick(chat) {
  go("ask");
  body.classList.remove("rail-open");
  wish({ chat });
  tell("chats", "select", {});
}
function begin() {
  wish({ chat: "" });
  tell("rail-head", "clear", {});
}

function rename(row) {
  const { chat } = row.dataset;
  const form = document.createElement("form");
  const input = Object.assign(document.createElement("input"), { value: one("a", row).textContent, maxLength: 120 });
  input.setAttribute("aria-label", "New name of the chat");
  form.append(input);
  row.replaceChildren(form);
  input.select();
  on(form, "submit", (event) => {
    event.preventDefault();
    tell("chats", "edit", { chat, name: input.value });
  });
  on(input, "keydown", (event) => {
    if (event.key === "Escape") tell("chats", "edit", { chat, name: input.defaultValue });
  });
}

// ---- pages and addresses

function go(page, push = true) {
  if (body.dataset.page === page) return;
  body.dataset.page = page;
  for (const link of all("[data-page-go]", one("#rail"))) link.toggleAttribute("aria-current", link.dataset.pageGo === page);
  body.classList.remove("rail-open");
  if (page === "settings") {
    look({});
    tell("settings", "expand", {});
  }
  if (page === "people") tell("people", "expand", {});
  if (push) scrollTo(0, 0);
}

let address = null; // the chat whose address the page has
function showAddress() {
  const thread = one(".thread");
  const chat = thread?.dataset.chat ?? "";
  one(".top h1").textContent = thread?.dataset.title ?? "Ask the articles";
  one("#question textarea")?.setAttribute("placeholder", chat ? "Ask a follow-up question" : "Ask about these articles");
  if (address === null) {
    address = new URLSearchParams(location.search).get("chat") ?? "";
    if (!chat) return; // Python has not read the address yet
  }
  if (chat === address) return;
  address = chat;
  history.pushState({ chat }, "", chat ? `?chat=${chat}` : location.pathname);
}
on(window, "popstate", () => {
  address = new URLSearchParams(location.search).get("chat") ?? "";
  if (address) pick(address);
  else begin();
});

// ---- what Python has put into the page

const folded = new Set(); // the folds that are open, so that they stay so
let turns = 0;
let shownChat = "";
window.ragShown = (name) => {
  if (name === "thread") {
    const chat = one(".thread")?.dataset.chat ?? "";
    for (const more of all(".more[aria-controls]")) if (folded.has(`${chat} ${more.getAttribute("aria-controls")}`)) fold(more, true);
    const now = all(".thread > .turn");
    // The question that was answered just now, once; never the end of a long answer.
    if (chat === shownChat && now.length > turns && turns) one("h2", now.at(-1)).scrollIntoView({ block: "start" });
    else if (chat !== shownChat && now.length > 1) one("h2", now.at(-1)).scrollIntoView({ block: "start" });
    turns = now.length;
    shownChat = chat;
    showAddress();
  }
  if (name === "listing") shownList();
  if (name === "filters") showOnly();
  if (name === "settings" && one("#settings [data-reload]")) location.assign(location.pathname); // another collection
  if (name === "review") {
    const there = Boolean(window.ragParts.review.props.value);
    if (reviewing && !there) body.classList.remove("adding"); // taken, or given up; not: nothing was there to look at
    reviewing = there;
  }
  if (name === "choices") limited(); // made anew where the collection has changed: what was chosen stays
  if (name === "working") {
    const open = all("#working .turn");
    body.classList.toggle("answering", open.length > 0);
    if (open.length) for (const pop of all("details.pop[open]")) pop.open = false;
    if (open.length && !working) one("h2", open.at(-1)).scrollIntoView({ block: "start" });
    working = open.length;
  }
};
let working = 0;
let reviewing = false;

function fold(more, open) {
  const id = more.getAttribute("aria-controls");
  more.setAttribute("aria-expanded", String(open));
  document.getElementById(id).hidden = !open;
  folded[open ? "add" : "delete"](`${one(".thread")?.dataset.chat} ${id}`);
}

// ---- the list of articles: which of them, and the forms that set and review what is said of them

let only = { source: "", after: "", before: "", gaps: false, offset: 0 }; // which are listed
let editing = null; // the article that is being set, the field that was wanted, and what was typed
let back = ""; // the article that was being set last
let tries = 0; // how often what is listed was asked for again
function list(wanted) {
  tries = 0;
  only = { ...only, offset: 0, ...wanted };
  wish({ listed: only });
  tell("listing", "select", {});
  showOnly();
}
function showOnly() {
  const offered = [...all("#filters .pill"), ...all("#filters option")].map((one) => one.dataset.value ?? one.value);
  if (only.source && !offered.includes(only.source)) return list({ source: "" }); // its last article is gone
  for (const pill of all("#filters .pill")) {
    const { only: name, value } = pill.dataset;
    const on = name === "gaps" ? only.gaps : !only.gaps && value === only.source;
    pill.classList.toggle("on", on);
    pill.setAttribute("aria-pressed", String(on));
  }
  for (const whole of all("#filters [data-act=summarise]")) whole.hidden = only.gaps; // no question can be limited to these
  for (const input of all("#filters input, #filters select")) {
    const { only: name } = input.dataset;
    input.value = name === "more" ? only.source : only[name];
    if (input.selectedIndex < 0) input.value = "";
  }
}
let picking = 0;
on(document, "change", (event) => {
  const { only: name } = event.target.dataset ?? {};
  if (!name) return;
  clearTimeout(picking);
  if (name === "more") return list({ source: event.target.value, gaps: false });
  const days = () => Object.fromEntries(all("#filters input").map((input) => [input.dataset.only, input.value]));
  picking = setTimeout(() => list(days()), 400); // a year is typed digit by digit
});
on(document, "click", (event) => {
  const pill = event.target.closest?.("#filters .pill");
  if (pill) list(pill.dataset.only === "gaps" ? { gaps: !only.gaps, source: "" } : { source: pill.dataset.value, gaps: false });
});
const fields = (form) => Object.fromEntries(all("input[name]", form).map((input) => [input.name, input.value]));
on(document, "submit", (event) => {
  const form = event.target;
  if (!form.matches("form.edit, form.ready")) return;
  event.preventDefault();
  if (form.matches(".edit")) tell("listing", "submit", { id: form.dataset.id, ...fields(form) });
  else tell("review", "submit", Object.fromEntries(all("[data-row]", form).map((row) => [row.dataset.row, fields(row)])));
});
function shownList() {
  // It may be what was wanted before.
  const shown = JSON.parse(one("#listing .rows")?.dataset.shown ?? "null");
  if (shown && Object.keys(only).some((name) => only[name] !== shown[name]) && tries++ < 3) tell("listing", "select", {});
  if (editing) showForm();
  else if (back && document.activeElement === body) edited(back);
}
function showForm() {
  one("#listing form.edit")?.remove();
  const row = one(`#listing li[data-id="${CSS.escape(editing.id)}"]`);
  if (!row) return (editing = null);
  row.insertAdjacentHTML("beforeend", row.dataset.form);
  for (const [name, value] of Object.entries(editing.typed)) one(`[name="${name}"]`, row).value = value;
  one(`[name="${editing.field}"]`, row).focus();
}
function edited(id) {
  if (editing && editing.id !== id) return; // another one by now
  editing = null;
  back = id;
  one("#listing form.edit")?.remove();
  one(`#listing [data-act="edit"][data-id="${CSS.escape(id)}"]:not([data-field])`)?.focus(); // the keys go on there
}
window.ragEdited = edited;
on(document, "input", (event) => {
  const { name, value, form } = event.target;
  if (form?.matches("form.edit") && editing) editing = { ...editing, field: name, typed: { ...editing.typed, [name]: value } };
});

// ---- the limits of the next questions

on(document, "change", (event) => {
  if (!event.target.matches?.("[data-limit]")) return;
  limit(Object.fromEntries(all("[data-limit]").map((input) => [input.dataset.limit, input.value])));
  limited();
});
function limit(changes, name = "limits") {
  const part = window.ragParts?.[name];
  if (part) part.props.value = { ...part.props.value, ...changes };
}
function wish(changes) {
  limit(changes, "wishes");
}
function limited() {
  const given = window.ragParts?.limits?.props.value ?? {};
  for (const input of all("[data-limit]")) input.value = given[input.dataset.limit] ?? "";
  const days = [given.from && `from ${given.from}`, given.to && `to ${given.to}`].filter(Boolean).join(" ");
  for (const [name, text, none] of [["source", given.source, "All sources"], ["days", days, "Any date"]]) {
    const summary = one(`#choices [data-for="${name}"] summary`);
    one("span", summary).textContent = text || none;
    summary.classList.toggle("set", Boolean(text));
  }
}
let typing = 0;
on(document, "input", (event) => {
  if (event.target.closest?.("#question")) limit({ caution: remembered("caution") });
  if (event.target.id !== "find-chats") return;
  clearTimeout(typing);
  typing = setTimeout(() => {
    wish({ words: event.target.value });
    tell("rail-head", "input", {});
  }, 250);
});

// ---- keys

on(document, "keydown", (event) => {
  if (event.key === "Escape") {
    const pop = one("details.pop[open]");
    if (pop) pop.open = false;
    else close();
    hide();
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    acts.new();
  }
  const here = document.activeElement?.closest?.(".cite") || element.contains(document.activeElement);
  if (!here || event.altKey || event.ctrlKey || event.metaKey || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  event.preventDefault();
  const cite = document.activeElement.closest(".cite");
  if (cite && cite !== from) open(cite);
  else step(event.key === "ArrowRight" ? 1 : -1);
});

// ---- the words behind a citation, beside it, on hover and on focus

one("#tip")?.remove();
const tip = body.appendChild(Object.assign(document.createElement("div"), { id: "tip", hidden: true }));
tip.setAttribute("aria-hidden", "true"); // a screen reader has the button's label
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
on(document, "scroll", () => (tip.hidden ? null : hide()), { capture: true });

// ---- what was done, with a way back

one("#toast")?.remove();
const note = body.appendChild(Object.assign(document.createElement("div"), { id: "toast", className: "toast", hidden: true }));
note.setAttribute("role", "status");
let leaving = 0;
function toast(text, undo) {
  note.replaceChildren(Object.assign(document.createElement("span"), { textContent: text }));
  if (undo) {
    const back = Object.assign(document.createElement("button"), { type: "button", textContent: "Undo" });
    back.addEventListener("click", () => { note.hidden = true; undo(); });
    note.append(back);
  }
  note.hidden = false;
  clearTimeout(leaving);
  leaving = setTimeout(() => { note.hidden = true; }, 10_000);
}

// A chat as a file: made here, so that nothing is left behind on the server's disk.
window.ragSave = (name, text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

// ---- the look

function choose(what, value) {
  try {
    localStorage.setItem(`rag-${what}`, value);
  } catch {
    // A browser that keeps nothing shows the choice until it is closed.
  }
  look({ [what]: value });
}
function remembered(what) {
  try {
    return localStorage.getItem(`rag-${what}`) ?? "";
  } catch {
    return "";
  }
}
function look(chosen) {
  const kept = (what) => chosen[what] ?? remembered(what);
  const theme = kept("theme");
  const asked = new URLSearchParams(location.search).get("__theme");
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  body.classList.toggle("dark", (theme || asked || system) === "dark");
  document.documentElement.classList.toggle("large", kept("size") === "large");
  limit({ caution: kept("caution") });
  for (const [what, attribute] of [["theme", "themeSet"], ["size", "sizeSet"], ["caution", "cautionSet"]])
    for (const button of all(`[data-${what}-set]`)) button.setAttribute("aria-checked", String(button.dataset[attribute] === kept(what)));
}
on(matchMedia("(prefers-color-scheme: dark)"), "change", () => look({}));
one("#scrim")?.remove();
body.appendChild(Object.assign(document.createElement("div"), { id: "scrim" }));
go("ask", false);
look({});
window.ragShown("thread");
window.ragShown("working");
