"""The audit log: what operators did and were refused, chained so that no entry can be changed unseen."""
