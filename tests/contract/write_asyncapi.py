"""Writes docs/reference/asyncapi.json: `PYTHONPATH=. python tests/contract/write_asyncapi.py`."""

import json

from broker.contract.asyncapi import document
from tests.contract.golden_files import REFERENCE, examples


def rendered() -> str:
    return json.dumps(document(examples()), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    REFERENCE.write_text(rendered(), encoding="utf-8")
