"""The operator's house: the record, the engine, the API; puts all together in `compose.py`."""
