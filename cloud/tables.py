"""Every table, for the migrations and for tests. Holds nothing of its own."""

from sqlmodel import SQLModel

from cloud.audit import tables as audit
from cloud.campaigns import tables as campaigns
from cloud.care import tables as care
from cloud.commerce import tables as commerce
from cloud.consent import tables as consent
from cloud.content import tables as content
from cloud.control import tables as control
from cloud.identity import device_tables
from cloud.identity import tables as identity
from cloud.lifecycle import tables as lifecycle
from cloud.mail import tables as mail
from cloud.ownership import tables as ownership
from cloud.push import tables as push
from cloud.record import tables as record
from cloud.registry import tables as registry
from cloud.served import tables as served
from cloud.twin import tables as twin
from cloud.workers import tables as workers

ALL = (
    audit,
    campaigns,
    care,
    commerce,
    consent,
    content,
    control,
    device_tables,
    identity,
    lifecycle,
    mail,
    ownership,
    push,
    record,
    registry,
    served,
    twin,
    workers,
)
metadata = SQLModel.metadata
