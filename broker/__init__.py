"""The wire: what may be said, who may say it, and the embedded broker.

Imports nothing of the other houses. From outside, only `broker.contract` is used; `cloud.compose` may start the broker.
"""
