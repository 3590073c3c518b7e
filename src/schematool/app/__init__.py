"""One file per verb: read files, call the core and an engine, return a frozen report. Prints nothing."""
