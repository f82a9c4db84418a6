import asyncio
import hashlib
from pathlib import Path
from typing import Literal


async def main(paths: list[Path], algorithm: Literal["sha256", "sha1", "md5"] = "sha256") -> dict[str, str]:
    """Hash several files at once.

    Args:
        paths: files to hash
        algorithm: how
    """

    def digest(path: Path) -> str:
        return hashlib.new(algorithm, path.read_bytes()).hexdigest()

    digests = await asyncio.gather(*(asyncio.to_thread(digest, path) for path in paths))
    return {str(path): digest for path, digest in zip(paths, digests)}
