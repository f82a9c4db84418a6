"""A FastMCP server, as its documentation would have it: over stdio, or over HTTP on the port that is given."""

import subprocess
import sys
from typing import Annotated

from fastmcp import Context, FastMCP
from fastmcp.utilities.types import Image
from pydantic import Field

server = FastMCP("peer")


@server.tool
def nothing() -> str:
    """Run a command that does nothing."""
    return subprocess.run(["/bin/true"], check=True, capture_output=True, text=True).stdout


@server.tool
def hello(name: str, times: int = 1) -> dict[str, str | int]:
    """Greets someone."""
    return {"greeting": " ".join(["Hello " + name] * times), "length": len(name)}


@server.tool(annotations={"readOnlyHint": True})
def add(a: Annotated[int, Field(description="the first")], b: int) -> int:
    """Add two whole numbers."""
    return a + b


@server.tool
async def steps(context: Context) -> str:
    """Report half and whole."""
    await context.report_progress(1, 2, "half")
    await context.report_progress(2, 2, "whole")
    return "done"


@server.tool
def picture() -> Image:
    """Give a picture."""
    return Image(data=b"\x89PNG\r\n\x1a\n", format="png")


@server.tool
def fail() -> str:
    """Fail."""
    raise ValueError("no such thing")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [port]:
            server.run(transport="http", host="127.0.0.1", port=int(port), show_banner=False)
        case _:
            server.run(show_banner=False)
