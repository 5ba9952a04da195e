"""Many devices in one process: each with its own connection, memory and life.

Rate is telemetry messages per second and device, in real time; births, statuses, events and results come on top, as
life brings them. Speed is how many simulated seconds pass in a real one. Simulated time counts steps and not the
clock, and each fleet's life begins on a Monday at opening time, whenever it is started: so a seed always gives the nth
printer the same messages, but for their absolute times and the boot; on a machine that cannot keep up, it falls behind.
"""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from rich.live import Live
from rich.table import Table

from device_sim.chance import chance
from device_sim.credentials import Credential
from device_sim.device import SimulatedPrinter, utc_now
from device_sim.drafts import Draft
from device_sim.life import Habits
from device_sim.memory import DEFAULT_CAPACITY
from device_sim.printer import Model
from device_sim.session import Counters, Endpoint, Tuning
from device_sim.stores import FileStore, MemoryStore, Store

FIRST_MORNING: Final = datetime(2024, 1, 1, 8, tzinfo=UTC)
"""When a fleet's life begins, by the calendar of the people around it: a Monday, and the office opens."""
JOIN_LOOK_S: Final = 0.05


class FleetConfig(msgspec.Struct, frozen=True, kw_only=True):
    """rate: telemetry messages per second and device. duration_s: None runs until it is stopped. state_dir: where the
    devices keep their memory; None keeps it in the process, and boots are then counted from the real time. start: what
    the devices' clock shows at the start; None is now.
    """

    credentials: tuple[Credential, ...]
    endpoint: Endpoint = Endpoint()
    rate: float = 0.2
    seed: int = 0
    speed: float = 1.0
    start: datetime | None = None
    duration_s: float | None = None
    state_dir: Path | None = None
    connects_per_s: float = 300.0
    capacity: int = DEFAULT_CAPACITY
    model: Model = Model()
    habits: Habits = Habits()
    tuning: Tuning = Tuning()


class FleetReport(msgspec.Struct, frozen=True, kw_only=True):
    """unstored: messages that the cloud had not said to be stored at the end."""

    devices: int
    seconds: float
    online_at_most: int
    unstored: int
    acknowledged_per_s: float
    counters: Counters
    last_error: str = ""


class Fleet:
    """The devices of a configuration. `run` brings them up, staggered, and down again.

    clock: one that the messages bear the time of, such as one that travels; without, simulated time from the start on.
    beside: what runs beside the devices, and ends with them, such as the renewal of their certificates.
    """

    def __init__(
        self,
        config: FleetConfig,
        clock: Callable[[], datetime] | None = None,
        beside: Callable[[], Coroutine[None, None, None]] | None = None,
    ) -> None:
        self.config = config
        self.counters = Counters()
        self.online_at_most = 0
        self._given_clock = clock
        self._beside = beside
        began = utc_now()
        self._start = config.start or began
        self._clock = clock or (lambda: self._start + (utc_now() - began))
        # Counted from the real time: the cloud takes a boot that it has seen before for a repetition.
        self._first_boot = int(began.timestamp())
        self._stopping = asyncio.Event()
        self.printers = tuple(self._printer(number, one) for number, one in enumerate(config.credentials))

    def stop(self) -> None:
        """Ends `run`: every device says what it has to say, and goodbye."""
        self._stopping.set()

    async def run(self) -> FleetReport:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            timer = group.create_task(self._time_limit(), name="the fleet's end")
            watcher = group.create_task(self._watch(), name="the fleet's size")
            beside = group.create_task(self._beside(), name="beside the fleet") if self._beside else None
            lives = [
                group.create_task(self._live(printer, delay), name=f"life {printer.identity.product_id}")
                for printer, delay in zip(self.printers, self._delays(), strict=True)
            ]
            await asyncio.wait(lives) if lives else await self._stopping.wait()
            timer.cancel()
            watcher.cancel()
            if beside is not None:
                beside.cancel()
        return self._report(loop.time() - began)

    def step(self, printer: SimulatedPrinter, number: int) -> tuple[Draft, ...]:
        """Lets the printer live its step of this number (from 1); what it says of it."""
        step_s = self.config.speed / self.config.rate
        passed = timedelta(seconds=number * step_s)
        return printer.live(FIRST_MORNING + passed, step_s, self.config.habits, self.time_of(number))

    def time_of(self, number: int) -> datetime:
        """The time that the messages of this step bear."""
        if self._given_clock is not None:
            return self._given_clock()
        return self._start + timedelta(seconds=number * self.config.speed / self.config.rate)

    def _printer(self, number: int, credential: Credential) -> SimulatedPrinter:
        config = self.config
        # A device whose memory starts empty must not count from 1 again: the cloud has seen that boot.
        store: Store = MemoryStore(self._first_boot)
        if config.state_dir is not None:
            store = FileStore(config.state_dir / f"{credential.id}.device", self._first_boot)
        return SimulatedPrinter(
            config.endpoint,
            credential.identity,
            model=config.model,
            store=store,
            clock=self._clock,
            seed=f"{config.seed}:{number}",
            ticks=False,
            capacity=config.capacity,
            counters=self.counters,
            tuning=config.tuning,
        )

    def _delays(self) -> list[float]:
        """Seconds until each device is switched on: spread evenly with some chance, so that no broker is overrun."""
        rng = chance("connects", self.config.seed)
        return [(number + rng.random()) / self.config.connects_per_s for number in range(len(self.printers))]

    async def _live(self, printer: SimulatedPrinter, delay_s: float) -> None:
        step_s = 1 / self.config.rate
        await self._sleep(delay_s)
        if self._stopping.is_set():
            return
        await printer.power_on()
        # The first day begins with the network: when that comes differs, and the order of messages must not.
        while not (printer.printer.networked or self._stopping.is_set()):
            await self._sleep(JOIN_LOOK_S)
        due = asyncio.get_running_loop().time()
        step = 0
        while not self._stopping.is_set():
            step += 1
            self.step(printer, step)
            due += step_s
            await self._sleep(due - asyncio.get_running_loop().time())
        await printer.power_off()

    async def _sleep(self, seconds: float) -> None:
        """Waits, but no longer than the fleet lives; gives way to others even when there is nothing to wait for."""
        if seconds <= 0:
            await asyncio.sleep(0)  # a turn for the others
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _time_limit(self) -> None:
        if self.config.duration_s is not None:
            await asyncio.sleep(self.config.duration_s)  # the time that the fleet was given
            self.stop()

    async def _watch(self) -> None:
        while True:
            self.online_at_most = max(self.online_at_most, self.counters.online)
            await asyncio.sleep(0.1)  # a sample now and then: the most of them is for people to read

    def _report(self, seconds: float) -> FleetReport:
        errors = [printer.last_error for printer in self.printers if printer.last_error]
        return FleetReport(
            devices=len(self.printers),
            seconds=seconds,
            online_at_most=self.online_at_most,
            unstored=sum(printer.unstored for printer in self.printers),
            acknowledged_per_s=self.counters.acknowledged / seconds if seconds else 0.0,
            counters=self.counters,
            last_error=errors[-1] if errors else "",
        )


def run_fleet(
    config: FleetConfig, show: bool, beside: Callable[[], Coroutine[None, None, None]] | None = None
) -> FleetReport:
    """Runs the fleet until its time is over or it is interrupted (SIGINT, SIGTERM); show: a live table meanwhile."""
    return asyncio.run(_run(config, show, beside))


async def _run(
    config: FleetConfig, show: bool, beside: Callable[[], Coroutine[None, None, None]] | None
) -> FleetReport:
    fleet = Fleet(config, beside=beside)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, fleet.stop)
    try:
        if not show:
            return await fleet.run()
        with Live(_table(fleet, 0.0), refresh_per_second=2) as live:
            painter = asyncio.create_task(_paint(fleet, live), name="the fleet's table")
            try:
                return await fleet.run()
            finally:
                painter.cancel()
                live.update(_table(fleet, 0.0))
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _paint(fleet: Fleet, live: Live) -> None:
    before = 0
    while True:
        await asyncio.sleep(1)  # a line of figures a second
        now = fleet.counters.acknowledged
        live.update(_table(fleet, float(now - before)))
        before = now


def _table(fleet: Fleet, per_second: float) -> Table:
    counters = fleet.counters
    table = Table(title=f"{len(fleet.printers)} devices → {fleet.config.endpoint.host}:{fleet.config.endpoint.port}")
    rows: Sequence[tuple[str, float]] = (
        ("online", counters.online),
        ("sent", counters.sent),
        ("acknowledged by the broker", counters.acknowledged),
        ("… in the last second", per_second),
        ("stored in the cloud", counters.stored),
        ("sent again", counters.resent),
        ("given up", counters.given_up),
        ("told to wait", counters.told_to_wait),
        ("commands executed", counters.commands),
        ("reconnects", counters.reconnects),
        ("failed connections", counters.failures),
    )
    table.add_column("what")
    table.add_column("count", justify="right")
    for what, value in rows:
        table.add_row(what, f"{value:,.0f}")
    return table
