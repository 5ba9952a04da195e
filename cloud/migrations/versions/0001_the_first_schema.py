"""The first schema.

Revision 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op

from cloud.db import JsonText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("skew_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("product_id"),
    )
    op.create_table(
        "erasure_receipt",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("document", JsonText(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "idempotency",
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key"),
    )
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_created_at"), ["created_at"], unique=False)

    op.create_table(
        "model",
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("brand", sa.String(120), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("links", JsonText(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("gtin"),
    )
    op.create_table(
        "move",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=False),
        sa.Column("from_stage", sa.String(16), nullable=False),
        sa.Column("to_stage", sa.String(16), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(128), nullable=False),
        sa.Column("event_id", sa.String(160), nullable=False),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("known_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_move_journey_id"), ["journey_id"], unique=False)

    op.create_table(
        "operator_key",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "parcel",
        sa.Column("tracking_code", sa.String(64), nullable=False),
        sa.Column("carrier", sa.String(64), nullable=False),
        sa.Column("order_id", sa.String(64), nullable=True),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("status_at", UtcDateTime(), nullable=True),
        sa.Column("promised_at", UtcDateTime(), nullable=True),
        sa.Column("detail", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("tracking_code"),
    )
    with op.batch_alter_table("parcel", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parcel_order_id"), ["order_id"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("topic", sa.String(256), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("detail", sa.String(256), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quarantine_product_id"), ["product_id"], unique=False)

    op.create_table(
        "reject_count",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("product_id", "reason"),
    )
    op.create_table(
        "shop",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("address", sa.String(300), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("radius_m", sa.Float(), nullable=False),
        sa.Column("beacon_uid", sa.String(32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("beacon_uid"),
    )
    op.create_table(
        "stream",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("boot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.Column("above", JsonText(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("given_up", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("product_id", "boot"),
    )
    op.create_table("suppressed", sa.Column("mac", sa.LargeBinary(), nullable=False), sa.PrimaryKeyConstraint("mac"))
    op.create_table(
        "telemetry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("measurements", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("telemetry", schema=None) as batch_op:
        batch_op.create_index("ix_telemetry_product_at", ["product_id", "at"], unique=False)

    op.create_table(
        "timer",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "subject"),
    )
    with op.batch_alter_table("timer", schema=None) as batch_op:
        batch_op.create_index("ix_timer_due", ["due_at"], unique=False)

    op.create_table(
        "twin",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("reported", JsonText(), nullable=False),
        sa.Column("desired", JsonText(), nullable=False),
        sa.Column("desired_version", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("connection", sa.BigInteger(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("firmware", sa.String(128), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("capabilities", JsonText(), nullable=False),
        sa.Column("birth_boot", sa.BigInteger(), nullable=False),
        sa.Column("birth_seq", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("level_since", UtcDateTime(), nullable=True),
        sa.Column("error_since", UtcDateTime(), nullable=True),
        sa.Column("usage", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("product_id"),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "unit_facts",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("product_id"),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("target", sa.String(500), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gtin"],
            ["model.gtin"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "claim_attempt",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("window_start", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("product_id", "person_id"),
    )
    with op.batch_alter_table("claim_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claim_attempt_person_id"), ["person_id"], unique=False)

    op.create_table(
        "command",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=True),
        sa.Column("person_id", sa.String(26), nullable=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("arguments", JsonText(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("detail", sa.String(1024), nullable=False),
        sa.Column("result", JsonText(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("command", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_command_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_command_product_id"), ["product_id"], unique=False)

    op.create_table(
        "coupon",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("shop_id", sa.String(26), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("redeemed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    with op.batch_alter_table("coupon", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_coupon_journey_id"), ["journey_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_coupon_person_id"), ["person_id"], unique=False)

    op.create_table(
        "erasure_token",
        sa.Column("token_mac", sa.LargeBinary(), nullable=False),
        sa.Column("receipt_id", sa.String(26), nullable=False),
        sa.ForeignKeyConstraint(
            ["receipt_id"],
            ["erasure_receipt.id"],
        ),
        sa.PrimaryKeyConstraint("token_mac"),
    )
    with op.batch_alter_table("erasure_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_erasure_token_receipt_id"), ["receipt_id"], unique=False)

    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=160), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=True),
        sa.Column("journey_id", sa.String(26), nullable=True),
        sa.Column("person_id", sa.String(26), nullable=True),
        sa.Column("data", JsonText(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("event_id"),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index("ix_journal_journey", ["journey_id", "seq"], unique=False)
        batch_op.create_index(batch_op.f("ix_journal_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_journal_product", ["product_id", "seq"], unique=False)

    op.create_table(
        "journey",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("stage_since", UtcDateTime(), nullable=False),
        sa.Column("stalls", JsonText(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("zone", JsonText(), nullable=True),
        sa.Column("proven_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("journey", schema=None) as batch_op:
        batch_op.create_index("ix_journey_person", ["person_id", "gtin"], unique=False)
        batch_op.create_index("ix_journey_product", ["product_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("slot", sa.String(128), nullable=True),
        sa.Column("topic", sa.String(128), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("retain", sa.Boolean(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("person_id", sa.String(26), nullable=True),
        sa.Column("command_id", sa.String(26), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slot"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_not_before"), ["not_before"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_person_id"), ["person_id"], unique=False)

    op.create_table(
        "phone_session",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    with op.batch_alter_table("phone_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_phone_session_person_id"), ["person_id"], unique=False)

    op.create_table(
        "product",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("serial", sa.String(20), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("claim_hash", sa.LargeBinary(), nullable=False),
        sa.Column("owner_person_id", sa.String(26), nullable=True),
        sa.Column("shop_id", sa.String(26), nullable=True),
        sa.Column("beacon_uid", sa.String(32), nullable=False),
        sa.Column("beacon_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gtin"],
            ["model.gtin"],
        ),
        sa.ForeignKeyConstraint(
            ["owner_person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("beacon_uid"),
        sa.UniqueConstraint("gtin", "serial"),
    )
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.create_index("ix_product_owner", ["owner_person_id"], unique=False)

    op.create_table(
        "referral",
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("code"),
    )
    with op.batch_alter_table("referral", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referral_journey_id"), ["journey_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_referral_person_id"), ["person_id"], unique=False)

    op.create_table(
        "shop_order",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=True),
        sa.Column("person_id", sa.String(26), nullable=True),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("customer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("shop_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shop_order_journey_id"), ["journey_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_shop_order_person_id"), ["person_id"], unique=False)

    op.create_table(
        "support_case",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=True),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("support_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_support_case_journey_id"), ["journey_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_support_case_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_support_case_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_support_case_status"), ["status"], unique=False)

    op.create_table(
        "case_message",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("case_id", sa.String(26), nullable=False),
        sa.Column("author", sa.String(16), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["support_case.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("case_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_message_case_id"), ["case_id"], unique=False)

    op.create_table(
        "device_credential",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
        ),
        sa.PrimaryKeyConstraint("product_id"),
    )


def downgrade() -> None:
    op.drop_table("device_credential")
    with op.batch_alter_table("case_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_message_case_id"))

    op.drop_table("case_message")
    with op.batch_alter_table("support_case", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_support_case_status"))
        batch_op.drop_index(batch_op.f("ix_support_case_product_id"))
        batch_op.drop_index(batch_op.f("ix_support_case_person_id"))
        batch_op.drop_index(batch_op.f("ix_support_case_journey_id"))

    op.drop_table("support_case")
    with op.batch_alter_table("shop_order", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shop_order_person_id"))
        batch_op.drop_index(batch_op.f("ix_shop_order_journey_id"))

    op.drop_table("shop_order")
    with op.batch_alter_table("referral", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_referral_person_id"))
        batch_op.drop_index(batch_op.f("ix_referral_journey_id"))

    op.drop_table("referral")
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.drop_index("ix_product_owner")

    op.drop_table("product")
    with op.batch_alter_table("phone_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_phone_session_person_id"))

    op.drop_table("phone_session")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_person_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_not_before"))

    op.drop_table("outbox")
    with op.batch_alter_table("journey", schema=None) as batch_op:
        batch_op.drop_index("ix_journey_product")
        batch_op.drop_index("ix_journey_person")

    op.drop_table("journey")
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_index("ix_journal_product")
        batch_op.drop_index(batch_op.f("ix_journal_person_id"))
        batch_op.drop_index("ix_journal_journey")

    op.drop_table("journal")
    with op.batch_alter_table("erasure_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_erasure_token_receipt_id"))

    op.drop_table("erasure_token")
    with op.batch_alter_table("coupon", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_coupon_person_id"))
        batch_op.drop_index(batch_op.f("ix_coupon_journey_id"))

    op.drop_table("coupon")
    with op.batch_alter_table("command", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_command_product_id"))
        batch_op.drop_index(batch_op.f("ix_command_person_id"))

    op.drop_table("command")
    with op.batch_alter_table("claim_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_claim_attempt_person_id"))

    op.drop_table("claim_attempt")
    op.drop_table("campaign")
    op.drop_table("unit_facts")
    op.drop_table("twin")
    with op.batch_alter_table("timer", schema=None) as batch_op:
        batch_op.drop_index("ix_timer_due")

    op.drop_table("timer")
    with op.batch_alter_table("telemetry", schema=None) as batch_op:
        batch_op.drop_index("ix_telemetry_product_at")

    op.drop_table("telemetry")
    op.drop_table("suppressed")
    op.drop_table("stream")
    op.drop_table("shop")
    op.drop_table("reject_count")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quarantine_product_id"))

    op.drop_table("quarantine")
    op.drop_table("person")
    with op.batch_alter_table("parcel", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parcel_order_id"))

    op.drop_table("parcel")
    op.drop_table("operator_key")
    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_move_journey_id"))

    op.drop_table("move")
    op.drop_table("model")
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_created_at"))

    op.drop_table("idempotency")
    op.drop_table("erasure_receipt")
    op.drop_table("contact")
