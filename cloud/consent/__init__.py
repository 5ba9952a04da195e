"""Export, opt-out, receipts."""
