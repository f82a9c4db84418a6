# .ai/tools/rye/capabilities/git.py

__tool_type__ = "python"
__executor_id__ = "python_runtime"  # ← Use Python runtime
__category__ = "capabilities"

def main(command: str, args: list = None) -> dict:
    """Execute git command."""
    import subprocess
    result = subprocess.run(
        ["git", command] + (args or []),
        capture_output=True
    )
    return {"stdout": result.stdout}
