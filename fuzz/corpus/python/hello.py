def main(name: str, times: int = 1) -> str:
    """Greet somebody.

    Args:
        name: who is greeted
        times: how often
    """
    return "\n".join([f"Hello, {name}!"] * times)
