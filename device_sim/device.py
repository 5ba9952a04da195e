"""A simulated printer that is pleasant to drive: the pure machine, its memory and its session put together.

async with SimulatedPrinter(endpoint, identity) as printer:
    await printer.load_paper()
    await printer.print_pages(3)
    await printer.jam()
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import msgspec

from broker.contract.codec import AnyDown
from broker.contract.messages import Command, Desired, Firmware, Json, ResultStatus, StageNotice, Stored
from device_sim import commands, handling, life
from device_sim.chance import chance
from device_sim.drafts import Draft, EventDraft, ResultDraft
from device_sim.errors import ImpossibleError
from device_sim.memory import DEFAULT_CAPACITY, Memory
from device_sim.printer import Model, Outcome, Printer, told
from device_sim.pulse import Pulse
from device_sim.session import Counters, Endpoint, Identity, Session, Tuning
from device_sim.stores import MemoryStore, Store

log = logging.getLogger(__name__)

_PRINTER = msgspec.json.Decoder(Printer)


def utc_now() -> datetime:
    return datetime.now(UTC)


class SimulatedPrinter:
    """One printer, off until `power_on`.

    store: what survives `power_off`, `pull_plug` and, if it is a file, the process. speed: simulated seconds in a real
    one, for jobs. ticks: time passes by itself; without, only `live` lets it pass. seed: of all its chance, whatever
    its id is; None: its id is the seed.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        identity: Identity,
        *,
        model: Model | None = None,
        store: Store | None = None,
        clock: Callable[[], datetime] = utc_now,
        seed: int | str | None = None,
        speed: float = 1.0,
        ticks: bool = True,
        tick_s: float = 0.1,
        capacity: int = DEFAULT_CAPACITY,
        counters: Counters | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        self.identity = identity
        self.counters = counters or Counters()
        self.printer = Printer(model=model or Model())
        self._endpoint, self._clock, self._tuning = endpoint, clock, tuning or Tuning()
        self._store: Store = store or MemoryStore()
        self._speed, self._ticks, self._tick_s, self._capacity = speed, ticks, tick_s, capacity
        own = identity.product_id if seed is None else seed
        self._rng, self._network_rng = chance("life", own), chance("network", own)
        self._life = life.Life()
        self._pulse = Pulse()
        self._memory: Memory | None = None
        self._session: Session | None = None
        self._last_error = ""
        self._running: asyncio.Task[None] | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.power_on()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.power_off()

    # --- what can be seen ---

    @property
    def powered(self) -> bool:
        return self._session is not None

    @property
    def online(self) -> bool:
        """Connected to the broker."""
        return self._session is not None and self._session.online

    @property
    def state(self) -> str:
        return self.printer.state if self.powered else "off"

    @property
    def reasons(self) -> tuple[str, ...]:
        return self.printer.reasons

    @property
    def supplies(self) -> dict[str, float]:
        """Percent by supply; empty while none is in."""
        inks = (ink.name for ink in self.printer.model.inks)
        return dict(zip(inks, self.printer.levels, strict=False))

    @property
    def settings(self) -> dict[str, Json]:
        return dict(self.printer.settings)

    @property
    def boot(self) -> int:
        return self._memory.boot if self._memory else 0

    @property
    def unstored(self) -> int:
        """Messages that the cloud has not said to be stored."""
        return self._memory.kept if self._memory else 0

    @property
    def last_error(self) -> str:
        """Why the connection ended, or was refused, the last time."""
        return self._session.last_error if self._session else self._last_error

    # --- power and network ---

    async def power_on(self) -> None:
        """Starts it: one boot more, and the birth. Does not wait for the network; see `settled`."""
        if self._session is not None:
            return
        first_start = self._memory is None
        self._memory = Memory(self._store.load(), self._capacity)
        if first_start and self._memory.machine:
            # Later starts find the paper and the toner where they are; only a new process has to ask the store.
            self.printer = _PRINTER.decode(self._memory.machine)
        self._memory.next_boot()
        self._session = self._new_session(self._memory)
        unfinished = self._memory.unfinished_commands()
        self._take(handling.power_up(self.printer))
        self._say([commands.ended_by_power_loss(command_id, name) for command_id, name in unfinished.items()])
        self._session.save()
        name = self.identity.product_id
        self._running = asyncio.create_task(self._session.run(), name=f"session {name}")
        if self._ticks:
            self._ticker = asyncio.create_task(self._tick(), name=f"time {name}")

    async def power_off(self) -> None:
        """Switched off by its button: it says what it has to say, and goodbye."""
        await self._after_restart()
        if self._session is not None:
            self._session.stop()
            await self._end()

    async def pull_plug(self) -> None:
        """The power goes: no goodbye, so its last will speaks; what is not in its store is forgotten."""
        await self._after_restart()
        if self._session is not None:
            self._session.die()
            await self._end()

    async def cut(self) -> None:
        """The network goes, the power stays: its last will speaks, and it buffers until `plug_in`."""
        self._switched_on().cut()
        await self._pulse.until(lambda: not self.online, 10, "the connection's end")

    async def plug_in(self) -> None:
        """The network is back."""
        self._switched_on().plug_in()

    async def restart(self) -> None:
        await self.power_off()
        await self.power_on()

    async def settled(self, timeout_s: float = 10.0) -> None:
        """Returns once the broker has acknowledged all that was said. Raises LateError."""
        await self._pulse.until(lambda: self._session is not None and self._session.idle, timeout_s, "all sent")

    async def all_stored(self, timeout_s: float = 10.0) -> None:
        """Returns once the cloud has said that all is stored. Raises LateError."""
        await self._pulse.until(lambda: self.powered and self.unstored == 0, timeout_s, "all stored")

    async def until(self, holds: Callable[[Self], bool], timeout_s: float = 10.0, what: str = "it") -> None:
        """Returns once `holds(self)`. Raises LateError."""
        await self._pulse.until(lambda: holds(self), timeout_s, what)

    # --- what a person does ---

    async def load_paper(self, sheets: int | None = None) -> None:
        self._do(handling.load_paper(self.printer, sheets))

    async def install_supplies(self) -> None:
        self._do(handling.install_supplies(self.printer))

    async def jam(self) -> None:
        self._do(handling.fault(self.printer, "media-jam"))

    async def break_down(self, fault: str) -> None:
        """The fault of `printer.FAULTS` with this name is there."""
        self._do(handling.fault(self.printer, fault))

    async def repair(self, fault: str | None = None) -> None:
        """Mends this fault, or all that is in the way."""
        self._do(handling.repair(self.printer, fault))

    async def run_down(self, level_percent: float) -> None:
        """Sets the level of all supplies, as long use would."""
        levels = tuple(level_percent for _ in self.printer.levels)
        self._do(told(self.printer, msgspec.structs.replace(self.printer, levels=levels)))

    async def ask_for_help(self) -> None:
        """Somebody holds the help button."""
        self._do(handling.hold_help_button(self.printer))

    async def print_pages(self, pages: int, kind: str = "document", timeout_s: float = 120.0) -> None:
        """Prints, and returns when the job is out. Raises ImpossibleError when the printer stops, LateError."""
        self._switched_on()
        if not self.printer.ready:
            raise ImpossibleError(", ".join(self.reasons), reasons=self.reasons)
        goal = sum(job.pages_left for job in self.printer.jobs) + pages + self.printer.pages_total
        self._do(handling.submit(self.printer, pages, kind))
        await self._pulse.until(
            lambda: self.printer.pages_total >= goal or not self.printer.ready, timeout_s, f"{pages} pages"
        )
        if self.printer.pages_total < goal:
            raise ImpossibleError(", ".join(self.reasons), reasons=self.reasons)

    async def print_test_page(self, timeout_s: float = 120.0) -> None:
        await self.print_pages(1, "test_page", timeout_s)

    async def factory_reset(self) -> None:
        """Back to how it left the factory: a new epoch, and a restart."""
        self._do(handling.factory_reset(self.printer))
        await self._after_restart()

    def say(self, name: str, data: dict[str, Json] | None = None) -> None:
        """An event of its own making."""
        self._say([EventDraft(name, data or {})])

    def live(self, now: datetime, seconds: float, habits: life.Habits, at: datetime | None = None) -> tuple[Draft, ...]:
        """Lets `seconds` of an everyday life pass, up to `now`; what it says of them, and said if it is on.

        at: the time that the messages bear, when it is another than that of the life.
        """
        moment = life.live(self.printer, self._life, now, seconds, self._rng, habits)
        self._life = moment.life
        self._take(Outcome(moment.printer, moment.said), at=at or now)
        return moment.said

    # --- the parts put together ---

    def _new_session(self, memory: Memory) -> Session:
        return Session(
            self._endpoint,
            self.identity,
            memory,
            self._store,
            hear=self._hear,
            joined=lambda: self._take(handling.join_network(self.printer)),
            pulse=self._pulse,
            clock=self._clock,
            counters=self.counters,
            rng=self._network_rng,
            tuning=self._tuning,
        )

    def _hear(self, message: AnyDown) -> None:
        match message:
            case Command():
                self._obey(message)
            case Desired():
                self._take(commands.apply(self.printer, message))
            case StageNotice(stage=stage, epoch=epoch):
                self.printer = msgspec.structs.replace(self.printer, stage=stage.value)
                self._take(handling.adopt_epoch(self.printer, epoch))
            case Firmware() | Stored():
                # Releases are not installed by this simulator; the watermark is the session's own business.
                pass

    def _obey(self, command: Command) -> None:
        if self._memory is None or not self._memory.begin_command(command.id, command.name):
            return
        self.counters.commands += 1
        # Remembered before it is done: a power cut in between may lose a command, but never do it twice.
        self._switched_on().save()
        self._take(commands.execute(self.printer, command, self._clock()))

    def _do(self, outcome: Outcome) -> None:
        self._switched_on()
        self._take(outcome)

    def _take(self, outcome: Outcome, at: datetime | None = None) -> None:
        self.printer = outcome.printer
        if self._memory is not None:
            self._memory.machine = msgspec.json.encode(self.printer)
        self._say(outcome.said, at)
        self._pulse.beat()
        if outcome.restart:
            self._restarting = asyncio.create_task(self.restart(), name=f"restart {self.identity.product_id}")

    def _say(self, drafts: Sequence[Draft], at: datetime | None = None) -> None:
        if self._session is None or self._memory is None or not drafts:
            return
        self._session.say(drafts, self.printer.epoch, at)
        for draft in drafts:
            if isinstance(draft, ResultDraft) and draft.status is not ResultStatus.ACCEPTED:
                self._memory.end_command(draft.command_id)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)  # the printer works on in steps of this length
            if self.printer.jobs:
                self._take(handling.run(self.printer, self._tick_s * self._speed, self._rng))

    async def _end(self) -> None:
        running, ticker = self._running, self._ticker
        self._running = self._ticker = None
        if ticker is not None:
            ticker.cancel()
        try:
            if running is not None:
                await asyncio.wait_for(running, self._tuning.timeout_s + self._tuning.flush_s)
        except TimeoutError:
            log.info("%s: a connect that hangs has nothing to say goodbye to", self.identity.product_id)
        finally:
            self._last_error = self.last_error
            self._session = None
            self._pulse.beat()

    async def _after_restart(self) -> None:
        """Lets a restart that is under way come to its end first."""
        if self._restarting is not None and self._restarting is not asyncio.current_task():
            await self._restarting

    def _switched_on(self) -> Session:
        if self._session is None:
            msg = "the printer is off"
            raise ImpossibleError(msg)
        return self._session
