"""What a resolver answers: from the links of an item, of its lot and of its model, and from what is asked for. Pure.

Source: GS1-Conformant Resolver 1.2, 2.5.8 (the default link), 2.5.9 (walking up), 2.6 (choosing), 2.9 (linkset).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from cloud.registry.linktypes import ALL, DEFAULT_LINK, DEFAULT_LINK_MULTI, LINKSET
from cloud.registry.negotiation import Weighted, language_rank, media_weight, wants_linkset, weighted


class Link(NamedTuple):
    """One link. type: short, `gs1:pip`. contexts: countries, ISO 3166-1 alpha-2. own: kept by an operator, and not
    made by us; opens_menu: it leads to our own app.
    """

    type: str
    href: str
    title: str
    languages: tuple[str, ...] = ()
    media_type: str = ""
    contexts: tuple[str, ...] = ()
    is_default: bool = False
    own: bool = True
    opens_menu: bool = False


class Entry(NamedTuple):
    """The links of one level: of a unit, a lot, or a model. anchor: its canonical URI at our address."""

    anchor: str
    description: str
    links: tuple[Link, ...]

    @property
    def default(self) -> Link | None:
        """The level's default link."""
        return next((link for link in self.links if link.is_default), None)

    @property
    def variants(self) -> tuple[Link, ...]:
        """Where the default link's type has several links: all of them, for the request to choose from."""
        default = self.default
        if default is None:
            return ()
        found = tuple(link for link in self.links if link.type == default.type and link.own == default.own)
        return found if len(found) > 1 else ()


class Wish(NamedTuple):
    """What is asked for. link_type: short; empty for the default, None for a type that nobody knows.

    deprecated: the wish was said in a word that GS1 has withdrawn.
    """

    link_type: str | None = ""
    linkset: bool = False
    accept: tuple[Weighted, ...] = ()
    languages: tuple[Weighted, ...] = ()
    context: str = ""
    deprecated: bool = False


class Redirect(NamedTuple):
    """One link it is."""

    link: Link


class Choices(NamedTuple):
    """Several links are equally good; their level with these links alone."""

    entry: Entry


class Missing(NamedTuple):
    """There is no link of the type that is asked for."""


class Whole(NamedTuple):
    """All links of all levels."""


Answer = Redirect | Choices | Missing | Whole


def wish_of(link_type: str, short: str | None, accept: str, languages: str, context: str) -> Wish:
    """What a request asks for. link_type: the query's word; short: its short spelling, None when there is none."""
    accepted = weighted(accept)
    linkset = link_type in {LINKSET, ALL} or (not link_type and wants_linkset(accepted))
    wanted = "" if linkset or not link_type else short
    return Wish(wanted, linkset, accepted, weighted(languages), context.strip().upper(), deprecated=link_type == ALL)


def resolve(entries: tuple[Entry, ...], wish: Wish) -> Answer:
    """The answer. entries: the most specific first; the last one, the model's, has a default link."""
    if wish.linkset:
        return Whole()
    if wish.link_type is None:
        return Missing()
    if wish.link_type in {"", DEFAULT_LINK}:
        return _default(entries, wish)
    for entry in entries:
        found = _of_type(entry, wish.link_type)
        if found:
            return _chosen(entry, found, wish)
    return Missing()


def _default(entries: tuple[Entry, ...], wish: Wish) -> Answer:
    """The default link of the most specific level that has one; a variant of it only where the request decides."""
    for entry in entries:
        default = entry.default
        if default is not None:
            return Redirect(_variant(entry, wish) or default)
    return Missing()


def _variant(entry: Entry, wish: Wish) -> Link | None:
    """The one variant of the default link in a language that the request names; None when it decides nothing."""
    if wish.link_type == DEFAULT_LINK:
        return None
    spoken = tuple(link for link in entry.variants if language_rank(wish.languages, link.languages) > (0.0, 0))
    best = _best(spoken, wish) if spoken else ()
    return best[0] if len(best) == 1 else None


def _of_type(entry: Entry, link_type: str) -> tuple[Link, ...]:
    if link_type == DEFAULT_LINK_MULTI:
        return entry.variants
    found = tuple(link for link in entry.links if link.type == link_type)
    return tuple(link for link in found if link.own) or found


def _chosen(entry: Entry, found: tuple[Link, ...], wish: Wish) -> Answer:
    best = _best(found, wish)
    if len({link.href for link in best}) == 1:
        return Redirect(best[0])
    return Choices(entry._replace(links=best))


def _best(found: tuple[Link, ...], wish: Wish) -> tuple[Link, ...]:
    """Those that suit best: by language first, then by media type, then by context."""
    by_language = _by_language(found, wish)
    by_media = _most(by_language, [_media(link, wish) for link in by_language])
    return _most(by_media, [_context(link, wish) for link in by_media])


def _by_language(found: tuple[Link, ...], wish: Wish) -> tuple[Link, ...]:
    """Pages in a language that is wanted; else those that name none; else all."""
    ranks = [language_rank(wish.languages, link.languages) for link in found]
    if max(ranks) > (0.0, 0):
        return _most(found, ranks)
    return tuple(link for link in found if not link.languages) or found


def _media(link: Link, wish: Wish) -> float:
    """A page that does not say its type is taken for anything, and so is as welcome as anything is."""
    return media_weight(wish.accept, link.media_type or "*/*")


def _context(link: Link, wish: Wish) -> int:
    if wish.context:
        return 2 if wish.context in link.contexts else int(not link.contexts)
    return int(not link.contexts)


def _most(found: tuple[Link, ...], ranks: Sequence[Any]) -> tuple[Link, ...]:
    """The links of the highest rank. ranks: one for each link, all of one kind."""
    best = max(ranks)
    return tuple(link for link, rank in zip(found, ranks, strict=True) if rank == best)
