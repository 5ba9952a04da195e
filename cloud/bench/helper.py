"""Helper processes of a bench: started with their orders, told when to begin, and asked what they measured."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from cloud.errors import SetupError

Answer = TypeVar("Answer")
ROOT = Path(__file__).parents[2]


class Helper:
    """A running helper. Its answers are lines on standard output."""

    def __init__(self, process: "subprocess.Popen[str]", name: str) -> None:
        if process.stdin is None or process.stdout is None:
            msg = f"the bench's {name} was started without pipes"
            raise SetupError(msg)
        self._process = process
        self._hears, self._says = process.stdin, process.stdout
        self._name = name
        self.pid = process.pid

    def await_ready(self) -> None:
        """Raises SetupError when it ends instead."""
        self._line()

    def begin(self) -> None:
        self.tell("go")

    def tell(self, word: str) -> None:
        """A line to the helper."""
        self._hears.write(word + "\n")
        self._hears.flush()

    def finish(self, form: type[Answer]) -> Answer:
        """Says that no more will be said, and takes its answer to that."""
        self.hang_up()
        return self.result(form)

    def hang_up(self) -> None:
        """Ends what the helper hears."""
        self._hears.close()

    def leave(self, within_s: float) -> None:
        """Hangs up, and waits until it has ended by itself. Raises SetupError when it does not."""
        self.hang_up()
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired as error:
            msg = f"the bench's {self._name} does not end"
            raise SetupError(msg) from error

    def result(self, form: type[Answer]) -> Answer:
        """What it measured, once it has. Raises SetupError when it ends without."""
        return msgspec.json.decode(self._line(), type=form)

    def _line(self) -> str:
        line = self._says.readline()
        if not line:
            msg = f"the bench's {self._name} ended before it was done"
            raise SetupError(msg)
        return line


@contextmanager
def running(module: str, orders: msgspec.Struct) -> Iterator[Helper]:
    """`python -m cloud.bench.<module>` with its orders, ready to begin; ended on leaving."""
    process = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of our own
        [sys.executable, "-m", f"cloud.bench.{module}"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    helper = Helper(process, module)
    try:
        helper.tell(msgspec.json.encode(orders).decode())
        helper.await_ready()
        yield helper
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def say(word: str) -> None:
    """In a helper: a line to the bench."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def wait_for_word() -> None:
    """In a helper: until the bench says so."""
    sys.stdin.readline()
