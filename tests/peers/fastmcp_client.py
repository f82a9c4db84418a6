"""FastMCP's client. What is asked of every client is in README.md."""

import asyncio
import json
import sys
from typing import Any

import anyio
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult

Json = dict[str, Any]


def plain(result: CallToolResult) -> Json:
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


async def code(client: Client, name: str, timeout: float | None = None) -> int | None:
    try:
        await client.call_tool_mcp(name, {}, timeout=timeout)
    except MCPError as error:
        return error.code
    return None


async def progress(client: Client) -> list[Any]:
    heard: list[Any] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append([done, total, message])

    await client.call_tool("steps", {}, progress_handler=hear)
    return heard


async def cancelled(client: Client) -> bool:
    with anyio.CancelScope() as scope:

        async def ready(done: float, total: float | None, message: str | None) -> None:
            scope.cancel()

        await client.call_tool("family", {}, progress_handler=ready)
    return scope.cancelled_caught


async def talk(server: StdioTransport | StreamableHttpTransport, transport: str, era: str) -> Json:
    mode = "legacy" if era == "legacy" else "auto"
    async with Client(server, mode=mode) as client:
        typed = await client.call_tool("add", {"a": 2, "b": 40})
        return {
            "transport": transport,
            "era": era,
            "revision": client.session.protocol_version,
            "names": [tool.name for tool in await client.list_tools()],
            "typed": typed.data.sum,
            "right": plain(await client.call_tool_mcp("add", {"a": 2, "b": 40})),
            "wrong": plain(await client.call_tool_mcp("add", {"a": "two"})),
            "failed": plain(await client.call_tool_mcp("fail", {})),
            "picture": plain(await client.call_tool_mcp("picture", {})),
            "unknown": await code(client, "nobody"),
            "progress": await progress(client),
            "cancelled": await cancelled(client),
            "timed_out": await code(client, "stay", 0.5) is not None,
            "after": plain(await client.call_tool_mcp("add", {"a": 1, "b": 1})),
        }


async def main(url: str, program: str, *words: str) -> None:
    for era in ("legacy", "modern"):
        servers = {
            "stdio": StdioTransport(program, list(words), keep_alive=False),
            "http": StreamableHttpTransport(url),
        }
        for transport, server in servers.items():
            with anyio.fail_after(50):
                print(json.dumps(await talk(server, transport, era)), flush=True)


asyncio.run(main(*sys.argv[1:]))
