"""How far the tables can grow that do not grow with the samples for ever."""

from __future__ import annotations

from core.store.contents import CONTRASTS, Contents


def growth_left(connection, contents: Contents) -> dict[str, float]:
    """How many times its rows a table of the open database may have at most, if more samples came.

    Examples are kept up to a number per feature and strength band (of those seen), contrasts per feature.
    """
    if not contents.examples:
        return {}
    features = contents.shape.n_features
    rows, bands = connection.execute("SELECT count(*), count(DISTINCT band) FROM examples").fetchall()[0]
    contrasts = connection.execute("SELECT count(*) FROM contrast").fetchall()[0][0]
    return {
        "examples": features * bands * contents.examples / max(1, rows),
        "contrast": features * CONTRASTS / max(1, contrasts),
    }
