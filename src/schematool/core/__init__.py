"""Pure: values in, values out. No I/O, clock, environment, randomness, terminal or driver."""
