"""How long whole numbers are written, wherever words are made of them."""

THIN = "\u202f"  # narrow and not breaking, so that a number never falls apart at a line's end
PLAIN = " "  # for a terminal, where a thin space may be none


def whole(n: int, space: str = THIN) -> str:
    """12345 → 12 345."""
    return f"{n:,}".replace(",", space)
