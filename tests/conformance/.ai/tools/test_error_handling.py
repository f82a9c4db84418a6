def main() -> str:
    """Fail, always."""
    raise RuntimeError("This tool intentionally returns an error for testing")
