"""Product models, units, ids, claim codes, labels, import."""
