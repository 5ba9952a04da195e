"""A worker's figures over HTTP, at an address of their own: on this machine, unless the settings say otherwise.

One request at a time, and a few seconds for each: who asks slowly keeps the next one waiting, and nothing else.
"""

import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final, Self

from cloud.metrics.callers import names_here
from cloud.metrics.meters import TEXT, Page

log = logging.getLogger("throughline.metrics")
PATH: Final = "/metrics"
WORKERS: Final = 16
"""So many workers of one machine find a port of their own: each takes the first that is free."""
ASKING_S: Final = 5.0


class _Handler(BaseHTTPRequestHandler):
    """Answers `GET /metrics`, and nothing else."""

    timeout = ASKING_S
    server_version = "throughline"
    sys_version = ""
    page: Page
    for_here: bool
    """It listens for this machine alone, so a name from elsewhere is a page's that must not read it."""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self.send_error(404)
            return
        if self.for_here and not names_here(self.headers.get("Host", "")):
            self.send_error(403)
            return
        body = self.page()
        self.send_response(200)
        self.send_header("Content-Type", TEXT)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """A scrape is no event."""


class MetricsServer:
    """Use as a context manager. port: the first of `WORKERS` that is tried; 0: no server.

    One that finds no port says so in the log: a worker is there to store, and does so unseen too.
    """

    def __init__(self, host: str, port: int, page: Page) -> None:
        self._handler = type("Handler", (_Handler,), {"page": staticmethod(page), "for_here": names_here(host)})
        self._host = host
        self._first = port
        self._server: HTTPServer | None = None

    @property
    def port(self) -> int | None:
        """Where it listens; None when it does not."""
        return None if self._server is None else self._server.server_address[1]

    def __enter__(self) -> Self:
        for port in range(self._first, min(self._first + WORKERS, 65_536)) if self._first else ():
            try:
                self._server = _Server((self._host, port), self._handler)
            except OSError as error:
                log.debug("no figures at port %d: %s", port, error.strerror)
                continue
            log.info("figures for Prometheus are at http://%s:%d%s", self._host, port, PATH)
            threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
            break
        else:
            if self._first:
                log.warning("nobody can read this worker's figures: %s has no port free", self._host)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


class _Server(HTTPServer):
    allow_reuse_address = True

    def server_bind(self) -> None:
        """Without the look at the name of the address, which may ask a name server."""
        super(HTTPServer, self).server_bind()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Who hung up, or sent what is no request, is no event either."""
