"""The menus that the phone service composes, on their way into the record of what was shown."""

from collections.abc import Callable, Iterable

import msgspec

from cloud.db import Database
from cloud.secrets import Keys
from cloud.served import service as served
from cloud.served.rules import Shown
from cloud.served.writer import Writer
from mobile_menu.service import Showing


class Record:
    """For `MenuService`: hears of each menu before anybody gets it. told: as of `served.writer.Writer`."""

    def __init__(self, db: Database, keys: Keys, told: Callable[[str], None] = lambda _: None) -> None:
        self._writer = Writer(db, keys, told)

    def __call__(self, showing: Showing) -> bool:
        """Whether it is on record."""
        kept = served.Showing(
            journey_id=showing.situation.journey_id,
            person_id=showing.caller.person_id,
            at=showing.at,
            language=showing.language,
            etag=showing.served.etag,
            version=showing.content.version,
            digest=showing.content.digest,
            shown=Shown(showing.served.body, msgspec.json.encode(showing.situation)),
        )
        return self._writer.keep(kept, showing.version)

    def forget(self, journey_ids: Iterable[str]) -> None:
        """These journeys are no more."""
        self._writer.forget(journey_ids)
