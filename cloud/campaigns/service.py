"""Campaigns and referrals: links that record who came by which way, and move the journey."""

import secrets

import sqlalchemy as sa

from broker.contract.ids import is_id, new_id
from broker.contract.stages import Stage
from cloud.addresses import plain_host
from cloud.campaigns.tables import CampaignRow, ReferralRow
from cloud.db import Transaction, table_of
from cloud.errors import FieldProblem, InvalidError, NotFoundError
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.record.events import Channel, Event, EventType
from cloud.registry import codes
from cloud.registry.service import checked_gtin, read_model
from cloud.secrets import Keys

campaign_table = table_of(CampaignRow)
referral_table = table_of(ReferralRow)


def create_campaign(
    tx: Transaction,
    *,
    name: str,
    stage: Stage,
    gtin: str,
    channel: Channel,
    target: str,
    allowed_hosts: tuple[str, ...],
) -> CampaignRow:
    """A campaign about one model. target: empty for the app, or an https address on an allowed host.

    Raises InvalidError, NotFoundError.
    """
    model = read_model(tx, checked_gtin(gtin))
    if target and not target_allowed(target, allowed_hosts):
        hosts = ", ".join(allowed_hosts) or "none is set"
        problem = FieldProblem(
            "/target", "target_not_allowed", f"an https address on one of the allowed hosts ({hosts})"
        )
        raise InvalidError(problems=(problem,))
    row = CampaignRow(
        id=new_id(tx.now),
        name=name,
        stage=stage.value,
        gtin=model.gtin,
        channel=channel.value,
        target=target,
        created_at=tx.now,
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def target_allowed(target: str, allowed_hosts: tuple[str, ...]) -> bool:
    """The address may be redirected to: no open redirector."""
    return plain_host(target) in allowed_hosts


def campaign(tx: Transaction, campaign_id: str) -> CampaignRow:
    """An active campaign. Raises NotFoundError."""
    row = tx.session.get(CampaignRow, campaign_id) if is_id(campaign_id) else None
    if row is None or not row.active:
        msg = "no such campaign"
        raise NotFoundError(msg)
    return row


def campaigns(tx: Transaction, *, after: str | None, limit: int) -> list[CampaignRow]:
    query = sa.select(CampaignRow).order_by(campaign_table.c.id.desc()).limit(limit)
    return list(tx.session.execute(query.where(campaign_table.c.id < after) if after else query).scalars())


def stop(tx: Transaction, campaign_id: str) -> None:
    """Ends a campaign: its link leads nowhere from now on. Raises NotFoundError."""
    campaign(tx, campaign_id).active = False
    tx.session.flush()


def click(tx: Transaction, campaign_id: str, person_id: str) -> tuple[CampaignRow, lifecycle.Journey]:
    """Somebody followed the campaign's link: a touchpoint, and mostly a move. Raises NotFoundError."""
    row = campaign(tx, campaign_id)
    journey = lifecycle.journey_with(tx, person_id, row.gtin, None, "campaign")
    event = Event(
        id=f"click:{new_id(tx.now)}",
        type=EventType.CAMPAIGN_CLICKED,
        at=tx.now,
        source="campaign",
        channel=row.channel,
        product_id=journey.product_id,
        journey_id=journey.id,
        person_id=person_id,
        data={"campaign_id": row.id, "stage": row.stage},
    )
    record.append(tx, [event])
    return row, lifecycle.read(tx, journey.id)


def referral_of(tx: Transaction, journey: lifecycle.Journey) -> ReferralRow:
    """The customer's own link, made when it is first asked for."""
    record.lock(tx, {journey.id})
    query = sa.select(ReferralRow).where(referral_table.c.journey_id == journey.id)
    known: ReferralRow | None = tx.session.execute(query).scalars().first()
    if known is not None:
        return known
    code = "".join(secrets.choice(codes.ALPHABET.lower()) for _ in range(12))
    row = ReferralRow(
        code=code, journey_id=journey.id, person_id=journey.person_id, gtin=journey.gtin, created_at=tx.now
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def referral(tx: Transaction, code: str) -> ReferralRow:
    """Raises NotFoundError."""
    row = tx.session.get(ReferralRow, code)
    if row is None:
        msg = "no such link"
        raise NotFoundError(msg)
    return row


def code_of(journey_id: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
    """For other queries: the code of the customer's link, when they have one."""
    return sa.select(referral_table.c.code).where(referral_table.c.journey_id == journey_id).limit(1).scalar_subquery()


def mark_of(keys: Keys, code: str) -> str:
    """What stands for a link in other people's history: countable, and nobody's once the link is gone."""
    return keys.mac(f"referral:{code}").hex()


def follow(tx: Transaction, keys: Keys, code: str, person_id: str) -> lifecycle.Journey:
    """Somebody followed a friend's link. One's own link is a touchpoint of nobody. Raises NotFoundError."""
    row = referral(tx, code)
    journey = lifecycle.journey_with(tx, person_id, row.gtin, None, "campaign")
    if row.person_id != person_id:
        event = Event(
            id=f"referral:{new_id(tx.now)}",
            type=EventType.REFERRAL_FOLLOWED,
            at=tx.now,
            source="campaign",
            channel="web",
            product_id=journey.product_id,
            journey_id=journey.id,
            person_id=person_id,
            data={"referral": mark_of(keys, code)},
        )
        record.append(tx, [event])
    return lifecycle.read(tx, journey.id)
