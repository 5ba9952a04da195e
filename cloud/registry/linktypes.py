"""Link types: what a link leads to, in the words of the GS1 Web Vocabulary and of vocabularies that a deployment adds.

A type has two spellings, a short one (CURIE, `gs1:pip`) and a full one (IRI, `https://ref.gs1.org/voc/pip`). We keep
and show the short one; linksets carry the full one. Pure.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

GS1_PREFIX: Final = "gs1"
GS1_NAMESPACE: Final = "https://ref.gs1.org/voc/"
GS1_OTHER_NAMESPACES: Final = (
    "https://gs1.org/voc/",
    "http://gs1.org/voc/",
    "https://www.gs1.org/voc/",
    "http://www.gs1.org/voc/",
    "http://ref.gs1.org/voc/",
)
"""How the same vocabulary was and is addressed elsewhere; all of them are understood, and none is written."""

DEFAULT_LINK: Final = "gs1:defaultLink"
DEFAULT_LINK_MULTI: Final = "gs1:defaultLinkMulti"
HANDLED_BY: Final = "gs1:handledBy"
STRUCTURAL: Final = frozenset({DEFAULT_LINK, DEFAULT_LINK_MULTI, HANDLED_BY})
"""These say how a resolver answers, and not what a page is about: the resolver sets them, and nobody keeps them."""

LINKSET: Final = "linkset"
ALL: Final = "all"
"""The old word for a linkset; deprecated by GS1-Conformant Resolver 1.2, 2.9."""

GS1_TERMS: Final = frozenset(
    """
    activityIdeas allergenInfo brandHomepageClinical brandHomepagePatient careersInfo certificationInfo
    consumerHandlingStorageInfo dpp eifu epcis epil eventsInfo faqs hasRetailers homepage ingredientsInfo instructions
    jws leaveReview locationInfo logisticsInfo masterData menuInfo nutritionalInfo openingHoursInfo paymentLink pip
    productSustainabilityInfo promotion purchaseSuppliesOrAccessories quickStartGuide recallStatus recipeInfo
    registerProduct registryEntry relatedVideo review safetyInfo scheduleTime serviceInfo smartLabel smpc socialMedia
    statisticInfo support sustainabilityInfo traceability tutorial userAgreement verificationService whatsInTheBox
    """.split()  # noqa: SIM905 - as a list it would be a line for each
)
"""The link types of the GS1 Web Vocabulary that a link may have."""

_PREFIX: Final = re.compile(r"[a-zA-Z_][A-Za-z0-9_-]{0,31}")
_TERM: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_NAMESPACE: Final = re.compile(r"https://[a-z0-9.-]+(:\d+)?/[!-~]*[/#]")


class Vocabularies:
    """The namespaces that link types come from: GS1's, and those of a deployment, by their prefixes."""

    def __init__(self, more: Mapping[str, str] | None = None) -> None:
        self.namespaces: Mapping[str, str] = {GS1_PREFIX: GS1_NAMESPACE, **(more or {})}

    def short(self, text: str) -> str | None:
        """The type that `text` spells, short; None when no vocabulary here could have it. A type of GS1's that does
        not exist has a short spelling all the same: nobody has a link of it, and that is all there is to say.
        """
        prefix, colon, term = text.partition(":")
        if colon and prefix in self.namespaces and _TERM.fullmatch(term):
            return text
        spellings = [(GS1_PREFIX, other) for other in GS1_OTHER_NAMESPACES]
        for known, namespace in (*self.namespaces.items(), *spellings):
            if text.startswith(namespace) and _TERM.fullmatch(text[len(namespace) :]):
                return f"{known}:{text[len(namespace) :]}"
        return None

    def full(self, short: str) -> str:
        """The IRI of a short spelling that `short` has given."""
        prefix, _, term = short.partition(":")
        return self.namespaces[prefix] + term

    def may_be_kept(self, short: str) -> bool:
        """A link may have this type: GS1 knows it and the resolver does not set it by itself, or it is another's."""
        prefix, _, term = short.partition(":")
        return prefix != GS1_PREFIX or term in GS1_TERMS


def vocabularies(settings: Iterable[str]) -> Vocabularies | str:
    """The vocabularies that settings of the form `prefix=https://…/` add to GS1's; or what is wrong with them."""
    more: dict[str, str] = {}
    for line in settings:
        prefix, equals, namespace = line.partition("=")
        if not equals or not _PREFIX.fullmatch(prefix) or not _NAMESPACE.fullmatch(namespace):
            return f"{line!r} is not of the form prefix=https://host/path/ (or with # at its end)"
        if prefix == GS1_PREFIX or prefix in more:
            return f"the prefix {prefix!r} is there twice"
        if namespace in {GS1_NAMESPACE, *GS1_OTHER_NAMESPACES}:
            return f"{namespace} is GS1's, and has its prefix already"
        more[prefix] = namespace
    return Vocabularies(more)
