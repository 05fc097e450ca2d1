"""Where records come from: one file a kind of source, each a stream of raw records in bounded memory."""
