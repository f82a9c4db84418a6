import os
import time


def log(text: str) -> None:
    with open(os.environ.get("RYE_REPORT", os.devnull), "w") as report:
        report.write(f"log info {text}\n")


def main() -> str:
    """Write three log lines."""
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        log(line)
        time.sleep(0.05)
    return "Tool with logging executed successfully"
