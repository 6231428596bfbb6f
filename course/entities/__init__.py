"""Named entities: what notebook 4-2 and its recipe share."""
