# /// script
# requires-python = ">=3.10"
# dependencies = ["httpx>=0.27", "pydantic>=2"]
# ///
import asyncio

import httpx
from pydantic import BaseModel, Field


class Service(BaseModel):
    name: str
    url: str
    expect: int = Field(200, ge=100, le=599, description="the status that means well")


async def main(services: list[Service], timeout: float = 5.0) -> list[dict]:
    """Ask services whether they are well.

    Args:
        services: what to ask, each with its URL
        timeout: seconds for each
    """
    async with httpx.AsyncClient(timeout=timeout) as client:

        async def ask(service: Service) -> dict:
            try:
                status = (await client.get(service.url)).status_code
            except httpx.HTTPError as error:
                return {"name": service.name, "well": False, "why": type(error).__name__}
            return {"name": service.name, "well": status == service.expect, "status": status}

        return await asyncio.gather(*map(ask, services))
