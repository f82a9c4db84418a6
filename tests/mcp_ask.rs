//! Other MCP servers talked to without being taken in: what tools they have, and one call.

use serde_json::json;

use crate::mcp_add::{Shop, files, mcp, shop, verb, words_of};
use crate::world::World;

#[test]
fn any_server_can_be_asked_and_called_without_being_added() {
    let (world, shop) = (World::new(), shop());
    let open = Shop::open(&shop);
    let command = words_of(&shop);
    for asked in [mcp(&world, &["tools"], &command), verb(&world, &["tools", &open.url])] {
        let text = asked.ok();
        assert!(
            text.starts_with("rye ") && text.contains("\n  greet      name:str [times:int]  Greet\n"),
            "{text}"
        );
    }
    let told = verb(&world, &["tools", "--json", &open.url]).json();
    assert_eq!(told["tools"].as_array().unwrap().len(), 3, "{told:#}");
    assert_eq!(told["protocol"], "2026-07-28");
    let by_command = |words: &[&str]| mcp(&world, &[&["call"], words].concat(), &command);
    let by_url = |words: &[&str]| verb(&world, &[&["call", &*open.url], words].concat());
    for is_url in [false, true] {
        let call = |words: &[&str]| if is_url { by_url(words) } else { by_command(words) };
        assert_eq!(call(&["greet", "--name", "Ada", "--times=2"]).ok(), "Hello Ada\nHello Ada\n");
        assert_eq!(call(&["greet", "Ada"]).ok(), "Hello Ada\n");
        assert_eq!(call(&["sub_count"]).ok(), "{\"count\":3}\n");
        call(&["fail"]).fails(1, &["oh no"]);
        call(&["greet", "--times", "many"]).fails(2, &["times", "name", "--help"]);
        call(&["great"]).fails(127, &["did you mean `greet`"]);
        assert!(call(&["greet", "--help"]).ok().contains("--name"));
    }
    let outcome =
        world.rye(["--json", "mcp", "call", "--params", "{\"name\": \"Ada\"}", &open.url, "greet"]).run();
    assert_eq!(outcome.json()["data"], "Hello Ada");
    let failed = world.rye(["--json", "mcp", "call", &open.url, "fail"]).run();
    assert_eq!((failed.code, &failed.json()["error"]["code"]), (Some(1), &json!("tool_failed")));
    verb(&world, &["call", &open.url]).fails(2, &["no tool is named"]);
    verb(&world, &["call", "greet", "--name", "x"]).fails(2, &["no server is named"]);
    assert_eq!(files(&world), [""; 0]);
    // By the name under which it was added.
    verb(&world, &["add", "web", "--url", &open.url]).ok();
    assert!(verb(&world, &["tools", "web"]).ok().contains("greet"));
    verb(&world, &["tools", "wab"]).fails(127, &["did you mean `web`"]);
    verb(&world, &["tools", "--header", "A: b", "web"]).fails(2, &["its file says how it is reached"]);
    assert_eq!(verb(&world, &["--json", "tools", "web"]).json()["tools"].as_array().unwrap().len(), 3);
    verb(&world, &["--http", "127.0.0.1:0", "list"]).fails(2, &["serves nobody"]);
}
