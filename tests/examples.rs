//! Every example runs and does what its description says; nothing is wrong in any of them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::uv::with_uv;
use crate::world::{BOUND, Call, World, have};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

/// A call of an example, when what it needs is on this machine.
fn example(needs: &[&str], world: &World, words: &[&str]) -> Option<Call> {
    let all = needs.iter().all(|program| have(program));
    all.then(|| world.rye([&["--project", PROJECT, "--json", "run"], words].concat()))
}

#[track_caller]
fn data(call: Call) -> Value {
    let outcome = call.run().json();
    assert_eq!(outcome["success"], true, "{outcome:#}");
    outcome["data"].clone()
}

/// A server that answers one request, and tells its head.
fn one_answer(status: &str, body: &str) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let head: String = BufReader::new(&stream)
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .map(|line| line + "\n")
            .collect();
        stream.write_all(answer.as_bytes()).unwrap();
        let _ = sender.send(head);
    });
    (address, receiver)
}

#[test]
fn nothing_is_wrong_in_the_examples_and_each_says_what_it_does() {
    let world = World::new();
    let checked = world.rye(["--project", PROJECT, "--json", "check"]).run();
    let report = checked.json();
    assert_eq!((checked.code, &report["problems"], &report["notes"]), (Some(0), &json!([]), &json!([])));
    let listed = world.rye(["--project", PROJECT, "--json", "list"]).run().json();
    let tools = listed.as_array().unwrap();
    let ids: BTreeSet<_> = tools.iter().map(|tool| tool["id"].as_str().unwrap()).collect();
    // A new example gets a test below.
    let tested = [
        "digest",
        "disk",
        "health",
        "hello",
        "item",
        "largest",
        "lines",
        "rye/capabilities/git",
        "table",
        "todos",
        "total",
    ];
    assert_eq!(ids, BTreeSet::from(tested));
    for tool in tools {
        let description = tool["description"].as_str().unwrap_or_default();
        assert!(!description.is_empty() && !description.contains('\n'), "{tool:#}");
    }
}

#[test]
fn python_greets_hashes_and_asks_git() {
    let world = World::new();
    let Some(call) = example(&["python3"], &world, &["hello", "Ada", "--times", "2"]) else { return };
    assert_eq!(data(call), "Hello, Ada!\nHello, Ada!");
    let one = world.file("one", "abc").display().to_string();
    let two = world.file("two", "").display().to_string();
    let words = ["digest", "--paths", &one, "--paths", &two, "--algorithm", "md5"];
    let want = json!({&one: "900150983cd24fb0d6963f7d28e17f72", &two: "d41d8cd98f00b204e9800998ecf8427e"});
    assert_eq!(data(example(&[], &world, &words).unwrap()), want);
    let ran = example(&[], &world, &["digest", "--paths", "/no/such/file"]).unwrap().run();
    let outcome = ran.json();
    assert!(outcome["error"]["message"].as_str().unwrap().starts_with("FileNotFoundError"), "{outcome:#}");
    if let Some(call) = example(&["git"], &world, &["rye/capabilities/git", "version"]) {
        assert!(data(call)["stdout"].as_str().unwrap().starts_with("git version "));
    }
}

#[test]
fn python_with_dependencies_asks_services() {
    let world = World::new();
    let (address, asked) = one_answer("204 No Content", "");
    let services = json!([
        {"name": "well", "url": format!("http://{address}/health"), "expect": 204},
        {"name": "gone", "url": "http://127.0.0.1:1/"},
    ]);
    let params = json!({ "services": services }).to_string();
    let words = ["--params", &params, "health"];
    let Some(call) = example(&["uv", "python3"], &world, &words) else { return };
    let want = json!([
        {"name": "well", "well": true, "status": 204},
        {"name": "gone", "well": false, "why": "ConnectError"},
    ]);
    assert_eq!(data(with_uv(call)), want);
    assert!(asked.recv_timeout(BOUND).unwrap().starts_with("GET /health HTTP/1.1\n"));
    let wrong = json!({"services": [{"name": "x", "url": "http://127.0.0.1/", "expect": 1}]}).to_string();
    let ran = with_uv(example(&[], &world, &["--params", &wrong, "health"]).unwrap()).run();
    assert_eq!(ran.json()["success"], false, "pydantic's own limits hold: {}", ran.stdout());
}

#[test]
fn commands_and_shell_look_at_files() {
    let world = World::new();
    let file = world.file("lines", "1\n2\n3\n").display().to_string();
    if let Some(call) = example(&["bash"], &world, &["lines", &file]) {
        assert_eq!(data(call).as_str().unwrap().trim(), "3");
    }
    if let Some(call) = example(&["df"], &world, &["disk", "/", "--unit", "m"]) {
        assert!(data(call).as_str().unwrap().contains("1048576-blocks"));
    }
    if let Some(call) = example(&["gawk"], &world, &["total", &file]) {
        assert_eq!(data(call).as_str().unwrap().trim(), "6");
    }
    let table = world.file("table=1.csv", "a,1.5\nb,2\n").display().to_string();
    if let Some(call) = example(&["gawk"], &world, &["total", &table, "--column", "2"]) {
        let outcome = call.run().json();
        assert_eq!(outcome["data"].as_str().unwrap().trim(), "3.5");
        assert_eq!(outcome["chain"][1]["id"], "runtimes/awk_runtime");
        let missing = example(&[], &world, &["total", "/no/such/file"]).unwrap().run();
        assert_eq!(
            (missing.code, &missing.json()["stderr"]),
            (Some(1), &json!("cannot read /no/such/file\n"))
        );
    }
}

#[test]
fn node_makes_a_table() {
    let world = World::new();
    let params = r#"{"rows": [{"name": "a|b", "n": 1}, {"n": null, "more": 2}]}"#;
    let Some(call) = example(&["node"], &world, &["--params", params, "table"]) else { return };
    assert_eq!(data(call), "| name | n |\n| --- | --- |\n| a\\|b | 1 |\n|  |  |");
    let ran = example(&[], &world, &["--params", r#"{"rows": []}"#, "table"]).unwrap().run();
    ran.refused(2, "invalid_arguments", &["`rows`"]);
}

#[test]
fn typescript_finds_notes_and_perl_the_largest_files() {
    let world = World::new();
    world.file("tree/src/a.rs", "fn a() {}\n    // TODO: finish\n");
    world.file("tree/b.py", "# FIXME later\nTODO = 1\n");
    world.file("tree/node_modules/c.js", "// TODO not ours\n");
    world.file("tree/big", "x".repeat(1000));
    let tree = world.root().join("tree").display().to_string();
    if let Some(call) = example(&["deno"], &world, &["todos", "--path", &tree]) {
        let want = json!([
            {"file": format!("{tree}/b.py"), "line": 1, "text": "FIXME later"},
            {"file": format!("{tree}/src/a.rs"), "line": 2, "text": "TODO: finish"},
        ]);
        assert_eq!(data(call), want);
    }
    if let Some(call) = example(&["perl"], &world, &["largest", "--path", &tree, "--count", "1"]) {
        assert_eq!(data(call), format!("1000\t{tree}/big\n"));
        let ran = example(&[], &world, &["largest", "--path", "/no/such"]).unwrap().run();
        assert_eq!(ran.json()["stderr"], "no folder /no/such\n");
    }
}

#[test]
fn an_api_gives_an_item() {
    let world = World::new();
    let (address, asked) = one_answer("200 OK", r#"{"id": "a b", "price": 12.50}"#);
    let call = example(&[], &world, &["item", "a b/c", "--fields", "id,price"]).unwrap();
    let outcome = call.env("EXAMPLE_API", format!("http://{address}")).run().json();
    assert_eq!(outcome["data"], json!({"id": "a b", "price": 12.5}), "{outcome:#}");
    assert_eq!(outcome["ending"]["status"], 200);
    let head = asked.recv_timeout(BOUND).unwrap();
    assert!(head.starts_with("GET /items/a%20b%2Fc?fields=id%2Cprice HTTP/1.1\n"), "{head}");
    let (address, _) = one_answer("404 Not Found", r#"{"why": "no such item"}"#);
    let ran =
        example(&[], &world, &["item", "7"]).unwrap().env("EXAMPLE_API", format!("http://{address}")).run();
    let outcome = ran.json();
    assert_eq!((ran.code, &outcome["error"]["code"]), (Some(1), &json!("http_status")), "{outcome:#}");
    assert_eq!(outcome["data"], json!({"why": "no such item"}), "{outcome:#}");
}
