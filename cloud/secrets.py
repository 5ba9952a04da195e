"""The deployment's secrets, as one value that is handed around. They live in files of `data_dir`/keys, mode 0600."""

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cloud.errors import SetupError
from cloud.secret_files import read_secret
from cloud.vault import Signer, Vault, load_or_create_keys


@dataclass(frozen=True, repr=False)
class Keys:
    """pepper: of claim codes. authority_secret: opens the issuing authority's key. push_secret: makes
    the key by which push services know us. mqtt_password: of the cloud's own
    user at the broker. shop_secret: `whsec_...`. hook_token: with which an external broker asks who may come in.
    emqx_key: of EMQX's own API, name and secret with a colon between.
    """

    vault: Vault
    signer: Signer
    pepper: bytes
    authority_secret: bytes
    push_secret: bytes
    mqtt_password: str
    shop_secret: str
    carrier_secret: str
    hook_token: str
    emqx_key: str

    def __repr__(self) -> str:
        return "Keys(…)"  # a log must not hold them

    def mac(self, text: str) -> bytes:
        """A keyed hash that only this deployment can make."""
        return hmac.new(self.pepper, text.encode(), hashlib.sha256).digest()


def load_keys(directory: Path) -> Keys:
    """Reads the secrets, and makes those that are missing. Raises SetupError when the folder cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = load_or_create_keys(directory)
        return Keys(
            vault=Vault(made.master_key),
            signer=Signer(made.signing_key),
            pepper=made.derive("claim codes and keyed hashes"),
            authority_secret=made.derive("key of the issuing certificate authority").hex().encode(),
            push_secret=made.derive("key of web push"),
            mqtt_password=_text(directory / "mqtt-password", secrets.token_urlsafe(32)),
            shop_secret=_text(directory / "shop-webhook-secret", _whsec()),
            carrier_secret=_text(directory / "carrier-webhook-secret", secrets.token_urlsafe(32)),
            hook_token=_text(directory / "broker-hook-token", f"tlh_{secrets.token_urlsafe(32)}"),
            emqx_key=_text(directory / "emqx-api-key", f"throughline:{secrets.token_urlsafe(32)}"),
        )
    except OSError as error:
        msg = f"cannot read or write the keys in {directory}: {error.strerror}"
        raise SetupError(msg) from error


def _whsec() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _text(path: Path, fresh: str) -> str:
    """What the file holds; `fresh`, when it is not there yet. Two that start at once end with the same."""
    if not path.exists():
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(fresh)
        try:
            os.link(beside, path)
        except FileExistsError:
            pass
        finally:
            beside.unlink()
    return read_secret(path)
