"""Its place makes `support` importable from the tests of the engine."""
