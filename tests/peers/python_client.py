"""The official Python SDK's client. What is asked of every client is in README.md."""

import asyncio
import json
import sys
from typing import Any

import anyio
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ToolListChangedNotification

Json = dict[str, Any]


def plain(result: CallToolResult) -> Json:
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


async def names(client: Client) -> list[str]:
    return [tool.name for tool in (await client.list_tools()).tools]


async def code(client: Client, name: str, timeout: float | None = None) -> int | None:
    try:
        await client.call_tool(name, {}, read_timeout_seconds=timeout)
    except MCPError as error:
        return error.code
    return None


async def progress(client: Client) -> list[Any]:
    heard: list[Any] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append([done, total, message])

    await client.call_tool("steps", {}, progress_callback=hear)
    return heard


async def cancelled(client: Client) -> bool:
    with anyio.CancelScope() as scope:

        async def ready(done: float, total: float | None, message: str | None) -> None:
            scope.cancel()

        await client.call_tool("family", {}, progress_callback=ready)
    return scope.cancelled_caught


async def grown(client: Client, name: str, modern: bool, changed: anyio.Event) -> bool:
    """Whether a list that has changed is heard of, and what the client remembers of it is dropped."""
    if modern:
        async with client.listen(tools_list_changed=True) as changes:
            await client.call_tool("grow", {"name": name})
            await anext(aiter(changes))
    else:
        await client.call_tool("grow", {"name": name})
        await changed.wait()
    return name in await names(client)


async def talk(server: str | StdioServerParameters, transport: str, era: str) -> Json:
    changed = anyio.Event()

    async def hear(message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            changed.set()

    mode = "legacy" if era == "legacy" else "auto"
    async with Client(server, mode=mode, message_handler=hear) as client:
        return {
            "transport": transport,
            "era": era,
            "revision": client.protocol_version,
            "names": await names(client),
            "right": plain(await client.call_tool("add", {"a": 2, "b": 40})),
            "wrong": plain(await client.call_tool("add", {"a": "two"})),
            "failed": plain(await client.call_tool("fail", {})),
            "picture": plain(await client.call_tool("picture", {})),
            "unknown": await code(client, "nobody"),
            "progress": await progress(client),
            "cancelled": await cancelled(client),
            "timed_out": await code(client, "stay", 0.5) is not None,
            "grown": await grown(client, f"{transport}_{era}", era == "modern", changed),
            "after": plain(await client.call_tool("add", {"a": 1, "b": 1})),
        }


async def main(url: str, program: str, *words: str) -> None:
    command = StdioServerParameters(command=program, args=list(words))
    for transport, server in (("stdio", command), ("http", url)):
        for era in ("legacy", "modern"):
            with anyio.fail_after(50):
                print(json.dumps(await talk(server, transport, era)), flush=True)


asyncio.run(main(*sys.argv[1:]))
