"""The claim code of a unit after it was printed: made anew, and ended."""

import secrets

from cloud.db import Transaction
from cloud.registry import codes
from cloud.registry.service import read_unit, set_claim_code
from cloud.secrets import Keys


def make(tx: Transaction, keys: Keys, product_id: str) -> str:
    """A fresh claim code, shown this once; the one before opens nothing any more. Raises NotFoundError."""
    read_unit(tx, product_id)
    code = codes.new_claim_code()
    set_claim_code(tx, product_id, codes.claim_hash(keys.pepper, product_id, code))
    return codes.display(code)


def end(tx: Transaction, product_id: str) -> None:
    """The claim code opens nothing any more, and there is no other."""
    set_claim_code(tx, product_id, secrets.token_bytes(codes.CLAIM_HASH_BYTES))
