"""Server-sent events, read line by line as the HTML standard says. Pure."""

import msgspec


class ServerEvent(msgspec.Struct, frozen=True):
    name: str
    data: str
    id: str


class EventReader:
    """Fed with lines, gives events. Its `last_id` stays over events that have none, and over connections."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self._name = ""
        self._data: list[str] = []

    def feed(self, line: str) -> ServerEvent | None:
        """The event that this line (without its end) completes, if it does."""
        if not line:
            return self._complete()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                self._name = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self.last_id = value
            case _:
                # A comment (which keeps the connection alive), or a field of a later time.
                pass
        return None

    def _complete(self) -> ServerEvent | None:
        name, data = self._name or "message", self._data
        self._name, self._data = "", []
        return ServerEvent(name, "\n".join(data), self.last_id) if data else None
