"""Every way of ranking, one file each; `registry` knows them by name."""
