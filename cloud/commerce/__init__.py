"""Orders, parcels, shops, coupons; webhooks in."""
