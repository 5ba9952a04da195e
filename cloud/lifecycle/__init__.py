"""Facts, stages, moves, stalls."""
