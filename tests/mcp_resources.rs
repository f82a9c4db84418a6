//! What is too long for an answer over MCP: it is cut, the whole is an artifact, and only who was told of it reads it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::mcp_http::Server;
use crate::mcp_peer::{Peer, stateless, text_of};
use crate::world::{World, have};

const LONG: &str = "echo first\nyes 1234567 | head -n 200000\necho last\n";

/// The artifacts that are kept.
fn kept(world: &World) -> Vec<PathBuf> {
    let folder = world.home().join(".local/state/rye/artifacts");
    let paths = folder.read_dir().into_iter().flatten().map(|entry| entry.unwrap().path());
    // A mark of when old ones were looked for is none.
    paths.filter(|path| !path.ends_with(".swept")).collect()
}

/// Reads a resource to its end, piece by piece.
fn read_whole(uri: &Value, mut read: impl FnMut(Value) -> Value) -> String {
    let (mut uri, mut whole) = (uri.clone(), String::new());
    loop {
        let read = read(json!({ "uri": uri }));
        let contents = read["contents"].as_array().unwrap();
        assert_eq!(contents[0]["uri"], uri);
        let piece = contents[0]["text"].as_str().unwrap();
        assert!(piece.len() <= 1 << 20, "{}", piece.len());
        whole.push_str(piece);
        let Some(next) = contents.get(1) else { return whole };
        uri = next["uri"].clone();
        let told = next["text"].as_str().unwrap();
        assert!(told.contains(uri.as_str().unwrap()) && told.contains("bytes more"), "{told}");
    }
}

#[test]
fn a_huge_output_is_read_in_pieces_and_no_character_is_split() {
    let world = World::new();
    world.tool("huge.sh", "printf a; yes ü | tr -d '\\n' | head -c 4000000\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let result = peer.call("huge", json!({}));
    let link = &result["content"][1];
    let whole = read_whole(&link["uri"], |params| peer.ask("resources/read", params));
    assert_eq!(whole, format!("a{}", "ü".repeat(2_000_000)));
    let text = text_of(&result);
    let uri = link["uri"].as_str().unwrap();
    assert!(text.contains(&format!("from N on as {uri}?from=N")), "{}", text.len());
    // A client on this machine may read the file.
    let [file] = kept(&world).try_into().unwrap();
    assert!(text.contains(&format!("the file {}", file.display())), "{}", text.len());
    for wrong in ["?from=4000002", "?from=-1", "?from=", "?from=x", "?to=1"] {
        assert_eq!(peer.error("resources/read", json!({"uri": format!("{uri}{wrong}")})), -32002, "{wrong}");
    }
    let read = peer.ask("resources/read", json!({"uri": format!("{uri}?from=4000001")}));
    assert_eq!(
        read["contents"],
        json!([{"uri": format!("{uri}?from=4000001"), "text": "", "mimeType": "text/plain"}])
    );
}

#[test]
fn a_long_output_is_cut_and_the_whole_is_a_resource() {
    let world = World::new();
    world.tool("long.sh", LONG);
    let temporary = world.root().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let mut peer = Peer::start_command(world.rye(["mcp"]).env("TMPDIR", &temporary).command());
    peer.initialize("2025-11-25");
    let result = peer.call("long", json!({}));
    let text = text_of(&result);
    assert!(text.len() < 45_000, "{}", text.len());
    assert!(
        text.starts_with("first\n") && text.trim_end().ends_with("last") && text.contains("bytes cut out")
    );
    let link = &result["content"][1];
    assert_eq!((&link["type"], &link["size"]), (&json!("resource_link"), &json!(1_600_011)), "{link:#}");
    assert!(text.contains(link["uri"].as_str().unwrap()));
    let whole = read_whole(&link["uri"], |params| peer.ask("resources/read", params));
    assert_eq!(whole.len(), 1_600_011);
    assert!(whole.starts_with("first\n1234567\n") && whole.ends_with("1234567\nlast\n"));
    assert_eq!(peer.ask("resources/list", json!({}))["resources"][0]["uri"], link["uri"]);
    // It is one file, its owner's alone, where `rye artifacts` finds it; nothing of it lies anywhere else.
    let [file] = kept(&world).try_into().unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    assert_eq!(temporary.read_dir().unwrap().count(), 0);
    let id = file.file_name().unwrap().to_str().unwrap().to_owned();
    // To know its content, or the id of its file, is not to have been told of it.
    for uri in
        ["rye://output/none".to_owned(), format!("rye://output/{id}"), format!("file://{}", file.display())]
    {
        let unknown = json!({ "uri": uri });
        assert_eq!(peer.error("resources/read", unknown.clone()), -32002, "{uri}");
        assert_eq!(peer.error("resources/read", stateless(unknown)), -32602, "{uri}");
    }
    // What was removed is gone, and what took its place is not read.
    let uri = json!({"uri": link["uri"]});
    world.rye(["artifacts", "rm", &id]).run().ok();
    assert_eq!(peer.error("resources/read", uri.clone()), -32002);
    std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
    assert_eq!(peer.error("resources/read", uri), -32002);
    assert_eq!(peer.end().0, Some(0));
    std::fs::remove_file(&file).unwrap();

    // It outlives the server.
    let mut peer = Peer::session(&world, "2025-11-25");
    peer.call("long", json!({}));
    peer.end();
    assert_eq!(world.rye(["artifacts", "show", &id]).run().stdout.len(), 1_600_011);
}

#[test]
fn a_client_lists_and_guesses_nothing_of_another() {
    let world = World::new();
    world.tool("long.sh", LONG);
    let server = Server::start(&world, &["127.0.0.1:0"]);
    let (one, other) = (server.session(), server.session());
    let call = json!({"name": "long", "arguments": {}});
    let told = server.ask(&one, "tools/call", call);
    let uri = &told["content"][1]["uri"];
    let list = |session: &str| server.ask(session, "resources/list", json!({}))["resources"].clone();
    assert_eq!(list(&one)[0]["uri"], *uri);
    assert_eq!(list(&other), json!([]));
    // 128 random bits.
    let number = uri.as_str().unwrap().strip_prefix("rye://output/").unwrap();
    assert!(number.len() == 32 && number.bytes().all(|digit| digit.is_ascii_hexdigit()), "{number}");
    let whole = read_whole(uri, |params| server.ask(&one, "resources/read", params));
    assert_eq!(whole.len(), 1_600_011);
    // Where it lies is told to those who are on this machine.
    assert!(!text_of(&told).contains("/artifacts/"), "{}", text_of(&told));
}

#[test]
fn of_a_failure_both_streams_can_be_read_whole() {
    let world = World::new();
    world.tool("loud.sh", "seq 1 5000; seq 5001 10000 >&2; exit 3\n");
    let mut peer = Peer::session(&world, "2025-11-25");
    let result = peer.call("loud", json!({}));
    assert_eq!(result["isError"], true);
    let links: Vec<_> = result["content"].as_array().unwrap().iter().skip(1).collect();
    assert_eq!(links.len(), 2, "{result:#}");
    for (link, last) in links.into_iter().zip(["10000", "5000"]) {
        assert!(result["content"][0]["text"].as_str().unwrap().contains(link["uri"].as_str().unwrap()));
        let read = peer.ask("resources/read", json!({"uri": link["uri"]}));
        assert!(read["contents"][0]["text"].as_str().unwrap().ends_with(&format!("\n{last}\n")), "{link:#}");
    }
}

#[test]
fn a_long_result_is_a_resource_and_a_picture_is_none() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("give.py", "def main(size: int) -> str:\n    print('log ' * size)\n    return 'ü' * size\n");
    world.tool(
        "picture.sh",
        "echo '{\"mcp_result\": {\"content\": [{\"type\": \"image\", \"mimeType\": \"image/png\", \"data\": \"'$(head -c 60000 /dev/zero | base64 -w0)'\"}]}}'\n",
    );
    let mut peer = Peer::session(&world, "2025-11-25");
    let result = peer.call("give", json!({"size": 30_000}));
    let link = &result["content"][1];
    assert_eq!((&link["name"], &link["size"]), (&json!("give result"), &json!(60_000)), "{link:#}");
    let read = peer.ask("resources/read", json!({"uri": link["uri"]}));
    assert_eq!(read["contents"][0]["text"], "ü".repeat(30_000));
    let result = peer.call("picture", json!({}));
    assert_eq!(result["content"].as_array().map(Vec::len), Some(1));
    assert_eq!(peer.ask("resources/list", json!({}))["resources"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_cannot_be_kept_is_cut_and_that_is_told() {
    let world = World::new();
    world.tool("long.sh", LONG);
    let state = world.file("notes", "no folder");
    let mut peer = Peer::start_command(world.rye(["mcp"]).env("RYE_STATE_DIR", state).command());
    peer.initialize("2025-11-25");
    let result = peer.call("long", json!({}));
    assert_eq!((&result["isError"], result["content"].as_array().map(Vec::len)), (&json!(false), Some(1)));
    let text = text_of(&result);
    assert!(text.starts_with("first\n") && text.ends_with("last"), "{}", text.len());
    assert!(text.contains("bytes cut out here; the whole could not be kept: "), "{text}");
    // The same where a disk becomes unusable while the server runs.
    let mut peer = Peer::session(&world, "2025-11-25");
    peer.call("long", json!({}));
    let [file] = kept(&world).try_into().unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file.parent().unwrap(), "in its place").unwrap();
    std::fs::set_permissions(file.parent().unwrap(), Permissions::from_mode(0o600)).unwrap();
    assert!(text_of(&peer.call("long", json!({}))).contains("could not be kept"));
    assert_eq!(peer.ask("ping", Value::Object(Default::default())), json!({}));
}
