//! What people write who come from FastMCP: pydantic's models and fields in the signature of a plain function.

use serde_json::json;

use crate::uv::with_uv;
use crate::world::{World, have};

const TOOL: &str = r#"# /// script
# dependencies = ["pydantic>=2"]
# ///
from enum import Enum
from typing import Annotated, Literal, Optional

from pydantic import BaseModel, Field


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Item(BaseModel):
    name: str
    price: float = Field(ge=0, description="in euros")
    size: Size = Size.SMALL


def main(
    items: list[Item],
    tags: Annotated[list[str], Field(description="labels", min_length=1)],
    limit: int = Field(3, ge=1, le=10, description="at most"),
    mode: Literal["fast", "exact"] = "fast",
    note: Optional[str] = None,
) -> dict:
    """Sort items by price."""
    dearest = max(items, key=lambda item: item.price)
    return {"dearest": dearest, "types": [type(item).__name__ for item in items], "limit": limit,
            "mode": mode, "tags": tags, "size": repr(dearest.size), "note": note}
"#;

#[test]
fn models_and_fields_are_the_schema_and_arrive_as_models() {
    if !have("uv") || !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("t.py", TOOL);
    let schema = world.rye(["--json", "show", "t"]).run().json()["input_schema"].clone();
    assert_eq!(schema["required"], json!(["items", "tags"]), "{schema:#}");
    let item = &schema["properties"]["items"]["items"];
    assert_eq!(item["properties"]["price"]["minimum"], 0, "{schema:#}");
    assert_eq!(item["properties"]["price"]["description"], "in euros");
    assert_eq!(item["properties"]["size"]["enum"], json!(["small", "large"]));
    assert_eq!(schema["properties"]["tags"]["description"], "labels");
    assert_eq!(schema["properties"]["tags"]["minItems"], 1);
    assert_eq!(schema["properties"]["limit"]["default"], 3);
    assert_eq!(schema["properties"]["limit"]["maximum"], 10);

    let params = r#"{"items": [{"name": "a", "price": 1}, {"name": "b", "price": 2.5, "size": "large"}], "tags": ["x"]}"#;
    let outcome = with_uv(world.rye(["--json", "run", "--params", params, "t"])).run().json();
    assert_eq!(
        outcome["data"],
        json!({
            "dearest": {"name": "b", "price": 2.5, "size": "large"},
            "types": ["Item", "Item"],
            "limit": 3,
            "mode": "fast",
            "tags": ["x"],
            "size": "<Size.LARGE: 'large'>",
            "note": null,
        }),
        "{outcome:#}"
    );

    // What does not fit is told before anything is started, all at once.
    let wrong = r#"{"items": [{"name": "a", "price": -1, "size": "huge"}], "tags": [], "limit": 11}"#;
    let ran = world.rye(["run", "--params", wrong, "t"]).run();
    ran.fails(2, &["`items[0].price`", "`items[0].size`", "`tags`", "`limit`"]);
}
