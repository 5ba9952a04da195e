"""The contract that every house shares: ids, topics, messages, stage names, presence, the watermark.

Importable without the broker, the database or the web framework. Version 1; `docs/reference/asyncapi.json` is made from
it, and `tests/contract/golden/` holds a payload of each message that must decode for as long as the version lives.
"""
