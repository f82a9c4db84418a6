"""A tenth of a second of silence."""

import base64
import io
import wave


def main() -> dict:
    """Give a sound."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 800)
    data = base64.b64encode(sound.getvalue()).decode()
    return {"mcp_result": {"content": [{"type": "audio", "mimeType": "audio/wav", "data": data}]}}
