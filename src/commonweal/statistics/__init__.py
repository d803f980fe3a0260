"""Statistics over columns of trials, and where to sample: pure functions that know no file and no society."""
