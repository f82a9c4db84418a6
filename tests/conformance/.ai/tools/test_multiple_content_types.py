PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
RESOURCE = {
    "uri": "test://mixed-content-resource",
    "mimeType": "application/json",
    "text": '{"test":"data","value":123}',
}


def main() -> dict:
    """Give a text, an image and a resource."""
    return {
        "mcp_result": {
            "content": [
                {"type": "text", "text": "Multiple content types test:"},
                {"type": "image", "data": PIXEL, "mimeType": "image/png"},
                {"type": "resource", "resource": RESOURCE},
            ]
        }
    }
