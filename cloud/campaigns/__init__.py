"""Campaigns, links, clicks, referrals."""
