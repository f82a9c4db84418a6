//! Other MCP servers as people meet them: taken in as files, asked again, taken away, and talked to. The servers are
//! real: rye itself over another folder, on both ways, and a script that lists whatever a test wants.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::live::{Live, Stream};
use crate::roster::Roster;
use crate::world::{Ran, World, misbehave, rye};

/// A server that lists what the file beside it holds, and gives back what it is called with.
const SCRIPTED: &str = r#"#!/bin/bash
while IFS= read -r line; do
  [[ $line =~ \"id\":([0-9]+|\"[^\"]*\") ]] || continue
  id=${BASH_REMATCH[1]}
  case $line in
    *'"method":"initialize"'*)
      result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"scripted","version":"7"}}' ;;
    *'"method":"tools/list"'*) result=$(< "${BASH_SOURCE[0]}.json") ;;
    *'"method":"tools/call"'*)
      result='{"content":[{"type":"text","text":"called"}],"structuredContent":{"token":"'$TOKEN'","here":"'$PWD'"}}' ;;
    *)
      printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}\n' "$id"
      continue ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
"#;

/// A project with tools, which is another's server.
pub(crate) fn shop() -> World {
    let shop = World::new();
    shop.tool(
        "greet.sh",
        "# /// rye\n# title = \"Greet\"\n# description = \"Says hello\"\n# annotations.read_only = true\n\
         # parameters.name = { type = \"string\", required = true }\n\
         # parameters.times = { type = \"integer\", minimum = 1 }\n# ///\n\
         for _ in $(seq \"${RYE_PARAM_TIMES:-1}\"); do echo \"Hello $RYE_PARAM_NAME\"; done\n",
    );
    shop.tool("fail.sh", "# /// rye\n# ///\necho oh no >&2\nexit 3\n");
    shop.tool("sub/count.sh", "# /// rye\n# ///\necho '{\"count\": 3}'\n");
    shop
}

/// The words that start a shop.
pub(crate) fn words_of(shop: &World) -> Vec<String> {
    let program = rye().to_str().unwrap().to_owned();
    vec![program, "--project".to_owned(), shop.project().to_str().unwrap().to_owned(), "mcp".to_owned()]
}

/// Runs `rye mcp` with words of its own, then `--` and a command.
pub(crate) fn mcp(world: &World, words: &[&str], command: &[impl AsRef<str>]) -> Ran {
    let command = command.iter().map(AsRef::as_ref);
    let words = ["mcp"].into_iter().chain(words.iter().copied()).chain(["--"]).chain(command);
    world.rye(words).run()
}

/// The same without a command.
pub(crate) fn verb(world: &World, words: &[&str]) -> Ran {
    world.rye(["mcp"].iter().chain(words)).run()
}

/// Writes the scripted server, and what it lists.
fn scripted(world: &World, tools: &Value) -> String {
    let server = world.program("server.sh", SCRIPTED);
    lists(world, tools);
    server.to_str().unwrap().to_owned()
}

fn lists(world: &World, tools: &Value) {
    world.file("server.sh.json", json!({ "tools": tools }).to_string());
}

fn tool(name: &str) -> Value {
    json!({"name": name, "description": format!("is {name}"), "inputSchema": {"type": "object"}})
}

/// A shop over HTTP.
pub(crate) struct Shop {
    child: Child,
    pub(crate) url: String,
}

impl Shop {
    pub(crate) fn open(shop: &World) -> Self {
        let mut command = shop.rye(["mcp", "--http", "127.0.0.1:0"]).command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = Stream::of(child.stderr.take().unwrap());
        stderr.wait_for("listening: ");
        let url = stderr.until("\n");
        Self { child, url }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The files below the servers' folder, by their paths there.
pub(crate) fn files(world: &World) -> Vec<String> {
    fn visit(folder: &Path, top: &Path, found: &mut Vec<String>) {
        for entry in folder.read_dir().into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, top, found);
            } else {
                found.push(path.strip_prefix(top).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let top = world.tools().join("mcp");
    let mut found = Vec::new();
    visit(&top, &top, &mut found);
    found.sort();
    found
}

fn file(world: &World, path: &str) -> PathBuf {
    world.tools().join("mcp").join(path)
}

#[track_caller]
fn checks(world: &World, tools: usize) {
    let checked = world.rye(["--json", "check"]).run().json();
    assert_eq!((&checked["problems"], &checked["tools"]), (&json!([]), &json!(tools)), "{checked:#}");
}

#[test]
fn a_servers_tools_become_files_that_run() {
    let (world, shop) = (World::new(), shop());
    let added = mcp(&world, &["add", "shop"], &words_of(&shop));
    assert!(added.ok().starts_with("added shop: 3 tools of rye "), "{}", added.stdout());
    // What is started is told, whole, before it is.
    let told = words_of(&shop).join(" ");
    assert!(added.stderr().starts_with(&format!("starting: {told}\nin: {}\n", world.project().display())));
    assert_eq!(files(&world), ["shop.toml", "shop/fail.toml", "shop/greet.toml", "shop/sub_count.toml"]);
    for path in files(&world) {
        assert_eq!(file(&world, &path).metadata().unwrap().permissions().mode() & 0o777, 0o644);
        assert!(fs::read_to_string(file(&world, &path)).unwrap().starts_with("# Written by `rye mcp`"));
    }
    checks(&world, 3);
    let listed = world.rye(["list"]).run().ok();
    assert!(listed.contains("mcp/shop/greet      name:str [times:int]  Greet"), "{listed}");
    let shown = world.rye(["--json", "show", "mcp/shop/greet"]).run().json();
    assert_eq!(shown["annotations"]["read_only"], true, "{shown:#}");
    let chain: Vec<_> =
        shown["chain"].as_array().unwrap().iter().map(|link| link["id"].as_str().unwrap()).collect();
    assert_eq!(chain, ["mcp/shop/greet", "mcp/shop", "rye/core/runtimes/mcp_stdio_runtime", "subprocess"]);
    let ran = world.rye(["run", "mcp/shop/greet", "--name", "Ada", "--times", "2"]).run();
    assert_eq!(ran.ok(), "Hello Ada\nHello Ada\n");
    assert_eq!(world.data(["mcp/shop/sub_count"]), json!({"count": 3}));
    world.rye(["run", "mcp/shop/fail"]).run().fails(1, &["oh no"]);
    world.refused(["mcp/shop/greet", "--times", "0"], 2, "invalid_arguments", &["name", "times"]);
}

#[test]
fn a_server_at_a_url_is_added_as_well() {
    let (world, shop) = (World::new(), shop());
    let shop = Shop::open(&shop);
    let added = verb(&world, &["add", "web", "--url", &shop.url]);
    assert!(added.ok().starts_with("added web: 3 tools of rye "), "{}", added.stdout());
    assert!(added.stderr().starts_with(&format!("asking: {}\n", shop.url)), "{}", added.stderr());
    checks(&world, 3);
    assert_eq!(world.data(["mcp/web/greet", "--name", "Ada"]), "Hello Ada");
    // A tool of a user's own may be reached from every folder.
    verb(&world, &["add", "web", "--user", "--url", &shop.url]).ok();
    assert!(world.home().join(".ai/tools/mcp/web/greet.toml").is_file());
    let elsewhere = world.rye(["run", "mcp/web/greet", "--name", "Bob"]).cwd(world.root()).run();
    assert_eq!(elsewhere.ok(), "Hello Bob\n");
}

#[test]
fn nothing_is_written_unless_the_server_has_answered() {
    let world = World::new();
    mcp(&world, &["add", "x"], &["/no/such/program"]).fails(127, &["/no/such/program"]);
    mcp(&world, &["add", "x"], &["sh", "-c", "echo no server >&2; exit 3"]).fails(1, &["no server"]);
    mcp(&world, &["add", "x", "--timeout", "0.5"], &["sleep", "60"]).fails(124, &[]);
    mcp(&world, &["add", "x", "--env", "A=${NOWHERE}"], &["true"]).fails(125, &["NOWHERE"]);
    verb(&world, &["add", "x", "--url", "http://127.0.0.1:9/mcp"]).fails(1, &["127.0.0.1"]);
    verb(&world, &["add", "x", "--url", "nonsense"]).fails(2, &["no address"]);
    for name in ["", "../x", "a/b", "a.b", "-a", "lib", "x".repeat(41).as_str()] {
        mcp(&world, &["add", name], &["true"]).fails(2, &[]);
    }
    let tools = scripted(&world, &json!([tool("a"), tool("b")]));
    let dry = mcp(&world, &["add", "x", "--dry-run"], &[&tools]).ok();
    assert!(dry.contains(".ai/tools/mcp/x/a.toml\n") && dry.contains("\ntool = \"b\"\n"), "{dry}");
    assert!(dry.ends_with("would add x: 2 tools of scripted 7 (2025-11-25)\n"), "{dry}");
    assert_eq!(fs::read_dir(world.tools()).unwrap().count(), 0);
    // An answer without tools is an answer.
    lists(&world, &json!([]));
    assert!(mcp(&world, &["add", "x"], &[&tools]).ok().starts_with("added x: 0 tools of scripted 7"));
    assert_eq!(files(&world), ["x.toml"]);
}

#[test]
fn a_name_that_is_taken_is_refused() {
    let world = World::new();
    let server = scripted(&world, &json!([tool("a")]));
    mcp(&world, &["add", "x"], &[&server]).ok();
    let before = fs::read_to_string(file(&world, "x/a.toml")).unwrap();
    mcp(&world, &["add", "x"], &[&server]).fails(125, &["is there already", "rye mcp refresh x"]);
    mcp(&world, &["add", "X"], &[&server]).fails(125, &["is there already"]);
    assert_eq!(fs::read_to_string(file(&world, "x/a.toml")).unwrap(), before);
    world.tool("mcp/own/mine.sh", "true\n");
    mcp(&world, &["add", "own"], &[&server]).fails(125, &["is there already", "another name"]);
    assert_eq!(files(&world), ["own/mine.sh", "x.toml", "x/a.toml"]);
}

#[test]
fn a_secret_stays_where_it_is() {
    let world = World::new();
    let server = scripted(&world, &json!([tool("a")]));
    world.file("project/.env", "VAULT=from-the-file\n");
    mcp(&world, &["add", "x", "--env", "TOKEN=${VAULT}"], &[&server]).ok();
    let text = fs::read_to_string(file(&world, "x.toml")).unwrap();
    assert!(text.contains("TOKEN = \"${VAULT}\"") && !text.contains("from-the-file"), "{text}");
    assert_eq!(world.data(["mcp/x/a"])["token"], "from-the-file");
    let passed = |words: &[&str]| {
        let words = ["mcp", "add"].iter().chain(words).copied().chain(["--", &server]);
        world.rye(words).env("TOKEN", "mine").run()
    };
    assert_eq!(passed(&["y", "--env", "TOKEN"]).stderr().matches("hint").count(), 0);
    let called = world.rye(["run", "mcp/y/a"]).env("TOKEN", "mine").run().ok();
    assert!(called.contains("mine"), "{called}");
    // One that is typed is told of, and not shown.
    let typed = passed(&["z", "--env", "TOKEN=sk-0123456789abcdef"]);
    typed.ok();
    assert!(typed.stderr().contains("`--env TOKEN` stands in the file"), "{}", typed.stderr());
    assert!(!typed.stderr().contains("sk-0123") && !typed.stdout().contains("sk-0123"));
    let listed = verb(&world, &["list", "--json"]).ok();
    assert!(!listed.contains("sk-0123"), "{listed}");
}

#[test]
fn refresh_follows_the_server_and_keeps_what_a_person_edited() {
    let world = World::new();
    let server = scripted(
        &world,
        &json!([tool("same"), tool("changes"), tool("goes"), tool("edited"), tool("orphan")]),
    );
    mcp(&world, &["add", "x"], &[&server]).ok();
    for (name, more) in [("edited", "tags = [\"mine\"]\n"), ("orphan", "tags = [\"mine\"]\n")] {
        let path = file(&world, &format!("x/{name}.toml"));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("executor_id", &format!("{more}executor_id"), 1)).unwrap();
    }
    world.tool("mcp/x/own.toml", "executor_id = \"mcp/x\"\n[config]\ntool = \"same\"\n");
    world.tool("mcp/x/taken.toml", "executor_id = \"mcp/x\"\n[config]\ntool = \"same\"\n");
    let mut changed = tool("changes");
    changed["description"] = json!("is another");
    let mut edited = tool("edited");
    edited["description"] = json!("is another");
    lists(&world, &json!([tool("same"), changed, edited, tool("new"), tool("taken")]));
    let before: Vec<_> = files(&world).iter().map(|path| fs::read(file(&world, path)).unwrap()).collect();
    let dry = verb(&world, &["refresh", "x", "--dry-run"]);
    let told =
        "x: 1 new, 1 changed, 1 gone, 1 as before; scripted 7 (2025-11-25)\n  + new\n  ~ changes\n  - goes\n";
    assert_eq!(dry.ok(), told);
    let after: Vec<_> = files(&world).iter().map(|path| fs::read(file(&world, path)).unwrap()).collect();
    assert_eq!(after, before);
    let refreshed = verb(&world, &["refresh"]);
    assert_eq!(refreshed.ok(), told);
    for line in [
        "note: mcp/x/edited is kept: it was edited\n",
        "note: mcp/x/orphan is kept: it was edited; the server no longer has the tool\n",
        "note: mcp/x/taken is kept: it was not written by `rye mcp`\n",
    ] {
        assert!(refreshed.stderr().contains(line), "{}", refreshed.stderr());
    }
    let names = ["changes", "edited", "new", "orphan", "own", "same", "taken"];
    let paths = names.map(|name| format!("x/{name}.toml"));
    assert_eq!(files(&world), std::iter::once("x.toml".to_owned()).chain(paths).collect::<Vec<_>>());
    assert!(fs::read_to_string(file(&world, "x/changes.toml")).unwrap().contains("is another"));
    assert!(!fs::read_to_string(file(&world, "x/edited.toml")).unwrap().contains("is another"));
    assert_eq!(verb(&world, &["refresh", "--json", "x"]).json()[0]["changes"]["unchanged"], 3);
    // A server that does not answer changes nothing.
    fs::remove_file(world.root().join("server.sh")).unwrap();
    verb(&world, &["refresh", "x"]).fails(127, &["x: "]);
    verb(&world, &["refresh"]).fails(1, &["x: "]);
    assert_eq!(files(&world).len(), 8);
    verb(&world, &["refresh", "y"]).fails(127, &["no server `y`", "`rye mcp list` shows those"]);
}

#[test]
fn remove_takes_only_what_was_written() {
    let world = World::new();
    let server = scripted(&world, &json!([tool("a"), tool("b")]));
    mcp(&world, &["add", "x"], &[&server]).ok();
    mcp(&world, &["add", "y"], &[&server]).ok();
    assert_eq!(verb(&world, &["remove", "x"]).ok(), "removed x: 3 files\n");
    assert_eq!(files(&world), ["y.toml", "y/a.toml", "y/b.toml"]);
    let path = file(&world, "y/a.toml");
    fs::write(&path, fs::read_to_string(&path).unwrap() + "# mine\n").unwrap();
    world.tool("mcp/y/own.sh", "true\n");
    world.tool("mcp/y/own2.toml", "executor_id = \"mcp/y\"\n[config]\ntool = \"a\"\n");
    verb(&world, &["remove", "y"]).fails(126, &["edited", "y/a.toml", "--force"]);
    assert_eq!(files(&world).len(), 5);
    let removed = verb(&world, &["remove", "--force", "y"]);
    assert_eq!(removed.ok(), "removed y: 3 files\n");
    assert!(removed.stderr().contains("own2.toml is kept"), "{}", removed.stderr());
    assert_eq!(files(&world), ["y/own.sh", "y/own2.toml"]);
    verb(&world, &["remove", "y"]).fails(127, &["no server `y`"]);
    // A runtime that was written by hand is its author's to remove.
    world.tool(
        "mcp/hand.toml",
        "tool_type = \"runtime\"\nexecutor_id = \"mcp_stdio_runtime\"\nconfig.command = \"true\"\ncall.style = \"mcp\"\n",
    );
    verb(&world, &["remove", "--force", "hand"]).fails(126, &["not written by `rye mcp`"]);
}

#[test]
fn the_list_shows_how_each_server_is_reached() {
    let (world, shop) = (World::new(), shop());
    let empty = verb(&world, &["list"]);
    assert_eq!(empty.ok(), "");
    assert!(empty.stderr().contains("rye mcp add NAME"), "{}", empty.stderr());
    let server = scripted(&world, &json!([tool("a")]));
    mcp(&world, &["add", "local"], &[&*server, "two words"]).ok();
    let shop = Shop::open(&shop);
    verb(&world, &["add", "web", "--user", "--url", &shop.url, "--header", "X-Key: ${HOME}"]).ok();
    let text = format!(
        "project\n  local  1 tool   2025-11-25  {server} 'two words'\nuser\n  web    3 tools  2026-07-28  {}\n",
        shop.url
    );
    assert_eq!(verb(&world, &["list"]).ok(), text);
    let listed = verb(&world, &["list", "--json"]).json();
    assert_eq!(listed[0]["command"], json!([server, "two words"]));
    assert_eq!((&listed[1]["headers"], &listed[1]["tools"]), (&json!(["X-Key"]), &json!(3)));
}

#[test]
fn hostile_lists_become_harmless_files_or_none() {
    let world = World::new();
    let long = "x".repeat(1 << 20);
    let evil = "\u{1b}[2J\"\"\"\n[config]\ncommand = \"touch\"\n";
    let named = |name: &str| json!({"name": name, "title": evil, "description": evil, "inputSchema": {"type": "object"}});
    let server = scripted(
        &world,
        &json!([
            named("../../../../escape"),
            named("/etc/passwd"),
            named("a/../../b"),
            named(".hidden"),
            named("_private"),
            named("x.toml"),
            named("Same"),
            named("same"),
            named("${HOME} {tool} $$"),
            named(evil),
            named(&long),
            named("~/x"),
            {"name": "null", "inputSchema": null},
            {"name": "remote", "description": long, "inputSchema": {
                "type": "object",
                "properties": {"a": {"$ref": "http://127.0.0.1:1/x.json"}, "b": {"enum": [null, "y"], "default": null}},
            }},
            {"name": "big", "inputSchema": {"type": "object", "properties": {"a": {"description": long}}}},
            {"name": "same"},
            {"name": 7},
            "tool",
        ]),
    );
    let added = mcp(&world, &["add", "--json", "x"], &[&server]);
    let told = added.json();
    assert_eq!(added.code, Some(0), "{told:#}");
    assert_eq!(told["tools"].as_array().unwrap().len(), 12, "{told:#}");
    assert_eq!(told["passed_over"].as_array().unwrap().len(), 6, "{told:#}");
    for tool in told["tools"].as_array().unwrap() {
        let path = Path::new(tool["path"].as_str().unwrap());
        assert_eq!(path.parent(), Some(&*file(&world, "x")));
        assert!(path.metadata().unwrap().len() < 64 << 10);
    }
    assert_eq!(files(&world).len(), 13);
    checks(&world, 12);
    let called = told["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "${HOME} {tool} $$");
    assert_eq!(world.outcome([called.unwrap()["id"].as_str().unwrap()])["success"], true);
    let shown = mcp(&world, &["tools"], &[&server]);
    assert!(!shown.ok().contains('\u{1b}') && !shown.stderr().contains('\u{1b}'));
    // So many that nobody can want them.
    let many: Vec<_> = (0..10_000).map(|number| tool(&format!("t{number}"))).collect();
    lists(&world, &json!(many));
    mcp(&world, &["add", "many"], &[&server]).fails(1, &["10000 tools"]);
    assert_eq!(files(&world).len(), 13);
}

#[test]
fn a_link_leads_no_file_out_of_the_space() {
    let world = World::new();
    let server = scripted(&world, &json!([tool("a")]));
    let outside = world.root().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, world.tools().join("mcp")).unwrap();
    mcp(&world, &["add", "x"], &[&server]).fails(126, &["leads out"]);
    fs::remove_file(world.tools().join("mcp")).unwrap();
    mcp(&world, &["add", "x"], &[&server]).ok();
    fs::rename(file(&world, "x"), outside.join("x")).unwrap();
    symlink(outside.join("x"), file(&world, "x")).unwrap();
    verb(&world, &["refresh", "x"]).fails(126, &["leads out"]);
    verb(&world, &["remove", "--force", "x"]).fails(126, &["leads out"]);
    assert!(outside.join("x/a.toml").is_file());
}

#[test]
fn a_command_runs_where_it_will_run_later() {
    let world = World::new();
    let server = scripted(&world, &json!([tool("a")]));
    let folder = world.project().join("deep/er");
    fs::create_dir_all(&folder).unwrap();
    for extension in ["", ".json"] {
        fs::copy(format!("{server}{extension}"), folder.join(format!("s.sh{extension}"))).unwrap();
    }
    let here = folder.to_str().unwrap();
    world.rye(["mcp", "add", "x", "--", "./s.sh"]).cwd(&folder).run().ok();
    assert!(fs::read_to_string(file(&world, "x.toml")).unwrap().contains("command = \"./deep/er/s.sh\""));
    assert_eq!(world.data(["mcp/x/a"])["here"], world.project().to_str().unwrap());
    // What is only called runs where the person is.
    let called = world.rye(["--json", "mcp", "call", "a", "--", "./s.sh"]).cwd(&folder).run().json();
    assert_eq!(called["data"]["here"], here, "{called:#}");
}

#[test]
fn the_names_of_servers_complete() {
    let world = World::new();
    let server = scripted(&world, &json!([tool("a")]));
    mcp(&world, &["add", "local"], &[&server]).ok();
    mcp(&world, &["add", "lower", "--user"], &[&server]).ok();
    let proposed = |line: &str| {
        let words = ["__complete", "zsh", "--"].into_iter().chain(line.split(' '));
        let answer = world.rye(words).run().ok();
        answer.lines().skip(1).map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(proposed("mcp refresh "), ["local", "lower"]);
    assert_eq!(proposed("mcp remove --force lo"), ["local", "lower"]);
    assert_eq!(proposed("mcp tools low"), ["lower"]);
    // The runtime is no tool.
    assert_eq!(proposed("run mcp/"), ["mcp/local/a", "mcp/lower/a"]);
}

#[test]
fn a_signal_ends_the_question_and_what_was_started_for_it() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let world = World::new();
        let roster = Roster::new(&world);
        let words = ["mcp", "add", "x", "--", misbehave(), "family", roster.path()];
        let live = Live::start(world.rye(words).command());
        roster.wait_for(5);
        live.signal(signal);
        live.end().fails(code, &["stopped"]);
        roster.assert_gone(5);
        assert_eq!(files(&world), [""; 0]);
    }
}
