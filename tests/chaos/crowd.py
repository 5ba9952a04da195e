"""Many devices on few connections, as fast as a broker takes them; and what each of them was promised.

They come as the cloud's own user, who may speak for every device, so that a thousand of them need no thousand sockets.
Apart from that each does what `docs/concepts/brokers.md` asks of a device. One that follows the watermark keeps what
lies above it, and sends that again after a new connection, and when the watermark stands still. One that does not
believes the broker's acknowledgement, and sends again only what was not acknowledged.
"""

import selectors
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from broker.contract.codec import decode_down
from broker.contract.messages import Stored
from broker.contract.topics import Down, parse_down
from cloud.bench import frames
from cloud.mqtt import Address
from tests.chaos.speakers import Speaker
from tests.chaos.wire import PINGREQ, PUBACK, PUBLISH, Connection, EndedError, Packet, heard, puback, subscribe

BACKLOG: Final = 20_000
"""Messages that all of them together may have waiting: less than a broker keeps for a worker that is away."""
AGAIN_S: Final = 0.1
PIECE: Final = 32
WATCH_S: Final = 0.25
PING_S: Final = 20.0
ALL_STORED: Final = "tl/v1/+/down/stored"


class Voice:
    """One connection and the devices on it. in_flight: packet id -> device and number, not yet acknowledged."""

    def __init__(self, address: Address, name: str, speakers: Sequence[Speaker], window: int) -> None:
        self._address = address
        self._name = name
        self.speakers = speakers
        self._window = window
        self._ready: deque[Speaker] = deque()
        self._waiting: set[int] = set()
        self._mid = 0
        self.in_flight: dict[int, tuple[Speaker, int]] = {}
        self.connection: Connection | None = None
        self.try_at = 0.0

    def connect(self, now: float) -> None:
        """Comes back: what was in flight is said again; who follows says all above the watermark again."""
        try:
            self.connection = Connection(self._address, self._name)
        except EndedError:
            self.try_at = now + AGAIN_S
            return
        lost, self.in_flight = self.in_flight, {}
        for speaker, seq in lost.values():
            if not speaker.line.follows:
                speaker.again.append(seq)
        self._ready.clear()
        self._waiting.clear()
        for speaker in self.speakers:
            if speaker.line.follows:
                speaker.go_back(now)
            self.wake(speaker)

    def drop(self, now: float) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection, self.try_at = None, now + AGAIN_S

    def wake(self, speaker: Speaker) -> None:
        """It may have something to say."""
        if id(speaker) not in self._waiting and speaker.can_speak:
            self._waiting.add(id(speaker))
            self._ready.append(speaker)

    def speak(self, allowed: int) -> int:
        """Puts the next piece on the wire; how many messages of `allowed` are in it."""
        connection, count = self.connection, 0
        if connection is None:
            return 0
        while self._ready and count < allowed and len(self.in_flight) < self._window and connection.has_room:
            speaker = self._ready.popleft()
            self._waiting.discard(id(speaker))
            if not speaker.can_speak:
                continue
            seq, topic, payload = speaker.speak()
            connection.put(frames.publish(topic, payload, self._next_mid((speaker, seq))))
            count += 1
            self.wake(speaker)
        return count

    def _next_mid(self, what: tuple[Speaker, int]) -> int:
        while True:
            self._mid = self._mid % (frames.PACKET_IDS - 1) + 1  # the last one is the strays'
            if self._mid not in self.in_flight:
                self.in_flight[self._mid] = what
                return self._mid

    def acknowledged(self, packet: Packet) -> None:
        found = self.in_flight.pop(int.from_bytes(packet.body[:2], "big"), None)
        if found is not None:
            speaker, seq = found
            speaker.line.acknowledged.add(seq)


class Crowd(threading.Thread):
    """Speaks from `start` until `end`. rate: new and repeated messages a second, all together; 0: all that goes.

    strays: payloads that are no messages, each published once on the topic that stands beside it.
    """

    def __init__(
        self, address: Address, name: str, speakers: Sequence[Speaker], *, connections: int = 4, window: int = 512
    ) -> None:
        super().__init__(name=f"crowd {name}", daemon=True)
        self.speakers = tuple(speakers)
        self.rate = 0.0
        self._by_name = {speaker.line.product_id: speaker for speaker in speakers}
        shares: list[list[Speaker]] = [list(speakers[number::connections]) for number in range(connections)]
        self._voices = [
            Voice(address, f"{address.username}-{name}-{number}", share, window)
            for number, share in enumerate(shares)
            if share
        ]
        self._voice_of = {id(speaker): voice for voice in self._voices for speaker in voice.speakers}
        self._ear = Voice(address, f"{address.username}-{name}-ear", (), 1)
        self._strays: deque[tuple[str, bytes]] = deque()
        self._ending = threading.Event()
        self._selector = selectors.DefaultSelector()
        self.failed: BaseException | None = None

    # --- what is asked of it ---

    @property
    def said(self) -> int:
        """Messages that were said at least once."""
        return sum(speaker.line.said for speaker in self.speakers)

    @property
    def total(self) -> int:
        return sum(speaker.total for speaker in self.speakers)

    @property
    def unconfirmed(self) -> int:
        return sum(speaker.line.said - speaker.line.confirmed for speaker in self.speakers)

    @property
    def acknowledged(self) -> int:
        return sum(len(speaker.line.acknowledged) for speaker in self.speakers)

    @property
    def in_flight(self) -> int:
        """Sent, and not acknowledged on the connections that there are now."""
        return sum(len(voice.in_flight) for voice in self._voices)

    @property
    def resent(self) -> int:
        return sum(speaker.resent for speaker in self.speakers)

    @property
    def waiting_for(self) -> list[Speaker]:
        return [speaker for speaker in self.speakers if not speaker.done]

    def stray(self, pairs: Iterable[tuple[str, bytes]]) -> None:
        """Publishes what no device should."""
        self._strays.extend(pairs)

    def end(self) -> None:
        self._ending.set()
        self.join(30)
        if self.failed is not None:
            raise self.failed

    # --- the thread ---

    def run(self) -> None:
        try:
            self._speak()
        except BaseException as error:  # noqa: BLE001 - who waits for the crowd shall hear why it is silent
            self.failed = error
        finally:
            for voice in (*self._voices, self._ear):
                voice.drop(0)
            self._selector.close()

    def _speak(self) -> None:
        begun, handed, watched, pinged = time.monotonic(), 0, 0.0, time.monotonic()
        while not self._ending.is_set():
            now = time.monotonic()
            self._come_back(now)
            if self._is_behind():
                begun, handed = now, 0
            for voice in self._voices:
                allowed = PIECE if not self.rate else min(PIECE, int((now - begun) * self.rate) - handed)
                handed += voice.speak(allowed)
            self._put_strays()
            self._exchange(0.002 if handed else 0.02)
            if now - watched > WATCH_S:
                watched = now
                self._watch(now)
            if now - pinged > PING_S:
                pinged = now
                self._ping()

    def _come_back(self, now: float) -> None:
        if self._ear.connection is None and now >= self._ear.try_at:
            self._ear.connect(now)
            if self._ear.connection is not None:
                self._ear.connection.put(subscribe(ALL_STORED))
                self._register(self._ear)
        for voice in self._voices:
            if voice.connection is None and now >= voice.try_at:
                voice.connect(now)
                self._register(voice)

    def _register(self, voice: Voice) -> None:
        if voice.connection is not None:
            self._selector.register(voice.connection.socket, selectors.EVENT_READ, voice)

    def _is_behind(self) -> bool:
        """Devices that follow the watermark have so much to keep that all had better be silent for a while."""
        return sum(one.line.said - one.line.confirmed for one in self.speakers if one.line.follows) > BACKLOG

    def _put_strays(self) -> None:
        voice = self._voices[0]
        while self._strays and voice.connection is not None and voice.connection.has_room:
            topic, payload = self._strays.popleft()
            voice.connection.put(frames.publish(topic, payload, frames.PACKET_IDS))

    def _exchange(self, wait_s: float) -> None:
        for voice in (*self._voices, self._ear):
            if voice.connection is not None:
                wants = voice.connection.wants_to_write
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wants else 0)
                if self._selector.get_key(voice.connection.socket).events != events:
                    self._selector.modify(voice.connection.socket, events, voice)
        if not self._selector.get_map():
            self._ending.wait(wait_s)
            return
        for key, events in self._selector.select(wait_s):
            voice = key.data
            try:
                self._serve(voice, events)
            except EndedError:
                self._selector.unregister(key.fileobj)
                voice.drop(time.monotonic())

    def _serve(self, voice: Voice, events: int) -> None:
        connection = voice.connection
        assert connection is not None
        if events & selectors.EVENT_WRITE:
            connection.write()
        if events & selectors.EVENT_READ:
            for packet in connection.read():
                if packet.kind == PUBACK:
                    voice.acknowledged(packet)
                elif packet.kind == PUBLISH:
                    self._hear(connection, packet)

    def _hear(self, connection: Connection, packet: Packet) -> None:
        message, now = heard(packet), time.monotonic()
        if message.mid:
            connection.put(puback(message.mid))
        address = parse_down(message.topic)
        if address is None or not message.payload:
            return
        mark, speaker = decode_down(Down.STORED, message.payload), self._by_name.get(address[0])
        assert isinstance(mark, Stored), mark
        if speaker is None:
            return
        for boot, seq in [(mark.boot, mark.seq), *((one.boot, one.seq) for one in mark.earlier)]:
            if boot == speaker.line.boot:
                speaker.confirm(seq, now)
                self._voice_of[id(speaker)].wake(speaker)

    def _watch(self, now: float) -> None:
        for voice in self._voices:
            for speaker in voice.speakers:
                if voice.connection is not None and speaker.look(now):
                    voice.wake(speaker)

    def _ping(self) -> None:
        for voice in (*self._voices, self._ear):
            if voice.connection is not None:
                voice.connection.put(PINGREQ)
