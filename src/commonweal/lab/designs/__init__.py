"""Which cells of a part are run: all combinations of levels, a sample, or stage by stage where results tell most."""
