"""The resolver's pages for people: a label that is not known, a broken address, several links to choose from. Pure.

They load nothing and run nothing; what stands in them comes from the address and the registry, and is escaped.
"""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from typing import Final, NamedTuple

import msgspec

from broker.contract.messages import Json
from cloud.registry.gs1 import Element
from cloud.registry.resolving import Entry, Link

LANGUAGES: Final = ("en", "de", "ar")
RIGHT_TO_LEFT: Final = frozenset({"ar"})


class Page(NamedTuple):
    html: str
    language: str


_STYLE: Final = """
:root{color-scheme:light dark;--ink:#16181d;--soft:#5a6270;--paper:#f4f5f7;--card:#fff;--line:#d9dde4;--mark:#1f5fbf}
@media(prefers-color-scheme:dark){:root{--ink:#eceef2;--soft:#a5adba;--paper:#14161a;--card:#1e2127;--line:#353a44;
--mark:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);
font:1.0625rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:30rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:2rem}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem;color:var(--soft)}
dl{margin:0 0 1.25rem;padding:.75rem 1rem;border:1px dashed var(--line);border-radius:.5rem;
font-family:ui-monospace,monospace;overflow-wrap:anywhere}
dt{display:inline;color:var(--soft)}
dd{display:inline;margin:0}
ul{margin:0;padding-inline-start:1.2rem}
ul.links{list-style:none;padding:0}
ul.links li{margin:0 0 .5rem}
a{color:var(--mark)}
ul.links a{display:block;padding:.8rem 1rem;border:1px solid var(--line);border-radius:.6rem;text-decoration:none}
ul.links small{display:block;color:var(--soft)}
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "unknown": "We do not know this label",
        "unknown_why": "No product in use is registered under what it says:",
        "compare": "Does that match what is printed beside the code? Then please ask where you bought the product, "
        "or the maker. It may have been taken out of use, or the label may not be an original.",
        "again": "If it does not match, scan the label again, in good light and from a little further away.",
        "broken": "This address is not complete",
        "broken_why": "Part of it seems to be missing or to have been changed on its way to you.",
        "rescan": "Please scan the label again. If that does not help, the label may be damaged.",
        "missing": "There is no such page for this product",
        "missing_why": "The maker offers no page of the kind that was asked for.",
        "plain": "Please scan the label on the product itself; it leads to all that there is.",
        "busy": "Just a moment, please",
        "busy_why": "Too many labels and links were opened from your network in a short time.",
        "later": "Please wait {wait_s} seconds, then scan the label or open the link again.",
        "links": "What would you like to see?",
    },
    "de": {
        "unknown": "Dieses Etikett kennen wir nicht",
        "unknown_why": "Unter seinen Angaben ist kein Produkt registriert, das in Gebrauch ist:",
        "compare": "Stimmt das mit dem überein, was neben dem Code gedruckt steht? Dann fragen Sie bitte dort, wo Sie "
        "das Produkt gekauft haben, oder beim Hersteller. Es kann außer Betrieb genommen oder das Etikett kein "
        "Original sein.",
        "again": "Stimmt es nicht überein, scannen Sie das Etikett bitte noch einmal, bei gutem Licht und mit etwas "
        "mehr Abstand.",
        "broken": "Diese Adresse ist nicht vollständig",
        "broken_why": "Ein Teil scheint zu fehlen oder unterwegs verändert worden zu sein.",
        "rescan": "Bitte scannen Sie das Etikett noch einmal. Hilft das nicht, ist es vielleicht beschädigt.",
        "missing": "Eine solche Seite gibt es zu diesem Produkt nicht",
        "missing_why": "Der Hersteller bietet keine Seite der gewünschten Art an.",
        "plain": "Bitte scannen Sie das Etikett am Produkt selbst; es führt zu allem, was es gibt.",
        "busy": "Einen Augenblick, bitte",
        "busy_why": "Aus Ihrem Netz wurden in kurzer Zeit zu viele Etiketten und Links geöffnet.",
        "later": "Bitte warten Sie {wait_s} Sekunden und scannen Sie das Etikett oder öffnen Sie den Link dann noch "
        "einmal.",
        "links": "Was möchten Sie sehen?",
    },
    "ar": {
        "unknown": "لا نعرف هذا الملصق",
        "unknown_why": "لا يوجد منتج مسجَّل قيد الاستخدام تحت ما هو مكتوب عليه:",
        "compare": "هل يطابق ذلك ما هو مطبوع بجانب الرمز؟ إذن يُرجى سؤال المتجر الذي بيع فيه المنتج أو الصانع. ربما "
        "أُخرج المنتج من الاستخدام، أو ليس الملصق أصليًا.",
        "again": "وإن لم يطابقه فيُرجى مسح الملصق مرة أخرى، في ضوء جيد ومن مسافة أبعد قليلًا.",
        "broken": "هذا العنوان غير كامل",
        "broken_why": "يبدو أن جزءًا منه ناقص، أو تغيّر في الطريق.",
        "rescan": "يُرجى مسح الملصق مرة أخرى. إن لم يُفد ذلك فربما كان الملصق تالفًا.",
        "missing": "لا توجد صفحة كهذه لهذا المنتج",
        "missing_why": "لا يقدّم الصانع صفحة من النوع المطلوب.",
        "plain": "يُرجى مسح الملصق الموجود على المنتج نفسه؛ فهو يوصل إلى كل ما هو متاح.",
        "busy": "لحظة من فضلك",
        "busy_why": "فُتحت من شبكتك ملصقات وروابط كثيرة في وقت قصير.",
        "later": "يُرجى الانتظار {wait_s} من الثواني، ثم مسح الملصق أو فتح الرابط مرة أخرى.",
        "links": "ماذا نعرض لك؟",
    },
}


def unknown_page(language: str, path: tuple[Element, ...]) -> Page:
    """For who scans a label that is not registered, or whose unit is retired: what was read, and what to do."""
    words = _WORDS[language]
    rows = "".join(f"<div><dt>({ai}) </dt><dd>{escape(value)}</dd></div>" for ai, value in path)
    advice = f"<ul><li>{words['compare']}</li><li>{words['again']}</li></ul>"
    # What a label says is read from the left in every language, as it is printed.
    return _page(language, words["unknown"], f'<p>{words["unknown_why"]}</p><dl dir="ltr">{rows}</dl>{advice}')


def refusal_page(language: str, status: int) -> Page:
    """For an address that is no Digital Link (400), or a kind of page that is not there (404)."""
    words = _WORDS[language]
    name, advice = ("broken", "rescan") if status == 400 else ("missing", "plain")
    return _page(language, words[name], f"<p>{words[f'{name}_why']}</p><p>{words[advice]}</p>")


def busy_page(language: str, wait_s: int) -> Page:
    """For who comes too often, or whose whole network does (429)."""
    words = _WORDS[language]
    later = words["later"].format(wait_s=wait_s)
    return _page(language, words["busy"], f"<p>{words['busy_why']}</p><p>{later}</p>")


def links_page(language: str, title: str, entries: tuple[Entry, ...], data: Mapping[str, Json]) -> Page:
    """The links to choose from, with the linkset inside as JSON-LD. Of one that stands at two levels, the first."""
    shown: dict[tuple[str, str], Link] = {}
    for link in (one for entry in entries for one in entry.links):
        shown.setdefault((link.href, link.title), link)
    items = "".join(f"<li>{_anchor(link)}</li>" for link in shown.values())
    # `<` could end the element early; in JSON it may be written by its number.
    inside = msgspec.json.encode(data).decode().replace("<", "\\u003c")
    body = f'<p>{_WORDS[language]["links"]}</p><ul class="links">{items}</ul>'
    return _page(language, title, body, f'<script type="application/ld+json">{inside}</script>')


def _anchor(link: Link) -> str:
    about = " · ".join((*link.languages, *([link.media_type] if link.media_type else []), *link.contexts))
    note = f"<small>{escape(about)}</small>" if about else ""
    language = f' hreflang="{escape(link.languages[0])}"' if len(link.languages) == 1 else ""
    return f'<a href="{escape(link.href)}"{language} rel="noreferrer"><bdi>{escape(link.title)}</bdi>{note}</a>'


def _page(language: str, title: str, body: str, head: str = "") -> Page:
    html = (
        f'<!doctype html><html lang="{language}" dir="{"rtl" if language in RIGHT_TO_LEFT else "ltr"}">'
        '<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{head}</head>"
        f'<body><main><h1 dir="auto">{escape(title)}</h1>{body}</main></body></html>'
    )
    return Page(html, language)
