"""What the command line does, as functions of the same names: the public API. Each is imported when first used."""
