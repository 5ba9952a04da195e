"""What the guard does to EMQX: it ends sessions by EMQX's own API. The hook lets nobody come back."""

import ipaddress
import logging
from collections.abc import Collection
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from cloud.errors import SetupError
from cloud.mosquitto_enforcer import State, write_file

log: Final = logging.getLogger("throughline.guard")
TIMEOUT_S: Final = 5.0


class EmqxEnforcer:
    """url: of EMQX's API, `https://host:18084`, or http on this machine. key: name and secret, with a colon between.
    state: the file that keeps how far it was done. Raises SetupError for another URL.
    """

    def __init__(self, url: str, key: str, state: Path, transport: httpx.BaseTransport | None = None) -> None:
        name, _, secret = key.partition(":")
        self._state = state
        self._client = httpx.Client(
            base_url=_checked(url),
            auth=(name, secret),
            timeout=TIMEOUT_S,
            follow_redirects=False,  # the operator has named a host, and this host is asked
            trust_env=False,
            transport=transport,
        )

    def state(self) -> State:
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=State)
        except (OSError, msgspec.MsgspecError):
            return State()

    def remember(self, state: State) -> None:
        write_file(self._state, msgspec.json.encode(state))

    def refuse(self, ended: Collection[str]) -> None:
        """EMQX asks the hook, which asks the registry, at each connection."""

    def cut(self, product_ids: Collection[str]) -> set[str]:
        """Who was in is named once more, so that the next round sees that it stayed out."""
        still_in = set(product_ids)
        for product_id in product_ids:
            try:
                answer = self._client.delete(f"/api/v5/clients/{quote(product_id, safe='')}")
            except httpx.HTTPError as error:
                log.warning("EMQX does not answer (%s); trying again", type(error).__name__)
                break
            if answer.status_code == httpx.codes.NOT_FOUND:
                still_in.discard(product_id)
            elif not answer.is_success:
                log.warning("EMQX answers %d; is the key in keys/emqx-api-key known to it?", answer.status_code)
        return still_in


def _checked(url: str) -> str:
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        found = httpx.URL()
    encrypted, plain = found.scheme == "https", found.scheme == "http" and _is_local(found.host)
    if not found.host or not (encrypted or plain):
        msg = f"emqx_url must be https://host:port, or http:// on this machine, and not {url}"
        raise SetupError(msg)
    return url.rstrip("/")


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
