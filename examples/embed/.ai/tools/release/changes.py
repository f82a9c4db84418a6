CHANGES = [
    ("1.2", "Cards may carry labels"),
    ("1.1", "A board can be printed"),
    ("1.1", "Search finds words in comments"),
    ("1.0", "Boards, lists and cards"),
]


def main(since: str, limit: int = 10) -> list[str]:
    """Say what changed after a version, newest first.

    Args:
        since: a version, such as 1.0
        limit: how many changes at most
    """
    print(f"looking through {len(CHANGES)} changes")
    return [text for version, text in CHANGES if version > since][:limit]
