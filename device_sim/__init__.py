"""Outsiders: what stands around the service and speaks to it only through its public interfaces.

Machines (`printer`, `life`, `device`, `fleet`), the people and companies around them (`phone`, `shop`, `carrier`), and
what they need for it. The machine itself is pure; MQTT is spoken in `session` alone, HTTP through `calls` alone.
"""
