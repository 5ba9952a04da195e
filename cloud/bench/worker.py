"""A worker as `throughline work` runs it, as a process of the bench's own; on request without the watermark's telling.

`python -m cloud.bench.worker` reads its orders as a line of JSON, says `ready` once it is connected, and works until
its standard input ends. What is left out is nothing that a deployment can leave out: it is there to be weighed.
"""

import os
import sys
import threading
from typing import Any

import msgspec

from cloud.bench.helper import say
from cloud.logs import set_up
from cloud.settings import load_settings
from cloud.twin import watermarks
from cloud.work import serve_work


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """environment: the settings, as `as_environment` gives them. tells: devices hear how far they are stored."""

    environment: dict[str, str]
    tells: bool = True


def hold_its_tongue() -> None:
    """From now on no device is told how far it is stored. How far it is, is kept as ever."""

    def nothing(*_given: Any, **_named: Any) -> None:
        """Instead of a row in the outbox, its message, and its removal."""

    vars(watermarks).update(tell=nothing)


def main() -> None:
    """See the module."""
    orders = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    os.environ.update(orders.environment)
    settings = load_settings()
    set_up(settings.log_level)
    if not orders.tells:
        hold_its_tongue()
    stop = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=listen, name="ear", daemon=True).start()
    serve_work(settings, lambda _port: say("ready"), stop)


if __name__ == "__main__":
    main()
