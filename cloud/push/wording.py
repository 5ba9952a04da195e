"""What a push message says, in the phone's language: words by `words.{language}.ftl`, and where a tap leads."""

from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from fluent.runtime import FluentBundle, FluentResource

from cloud.push.rules import FORMS, Word
from mobile_menu.rules.texts import negotiate

WORDS: Final = Path(__file__).parent
LANGUAGES: Final = ("en", "de", "ar")


def language_of(accepted: str) -> str:
    """The best of our languages for an Accept-Language header."""
    return negotiate(accepted, LANGUAGES)


def content(word: Word, language: str, journey_id: str) -> bytes:
    """The message as the page's service worker reads it: JSON with title, body, lang, dir, tag and url."""
    return msgspec.json.encode(
        {
            "title": _say(word, language, None),
            "body": _say(word, language, "body"),
            "lang": language,
            "dir": "rtl" if language == "ar" else "ltr",
            "tag": f"{FORMS[word].topic}-{journey_id}",
            "url": f"/app/?journey={journey_id}",
        }
    )


def _say(word: Word, language: str, attribute: str | None) -> str:
    bundle = _bundle(language)
    message = bundle.get_message(word.value)
    pattern = message.value if attribute is None else message.attributes[attribute]
    if pattern is None:
        raise KeyError(word)
    text, problems = bundle.format_pattern(pattern)
    if problems:
        raise problems[0]
    return str(text)


@cache
def _bundle(language: str) -> FluentBundle:
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(FluentResource((WORDS / f"words.{language}.ftl").read_text("utf-8")))
    return bundle
