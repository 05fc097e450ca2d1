"""The command line: reads words, calls the engine, prints what it said."""
