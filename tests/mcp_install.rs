//! `rye mcp install`, `uninstall` and `doctor`: rye's entry in the files of clients, and nothing else touched.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::world::{World, rye};

const CLAUDE: &str = "home/.claude.json";
const CURSOR: &str = "home/.cursor/mcp.json";
const CODEX: &str = "home/.codex/config.toml";

/// Files as clients and people leave them: another server, odd indentation, comments.
const CLAUDE_TEXT: &str = "{\n    \"numStartups\": 3,\n    \"mcpServers\": {\n        \"other\": {\"command\": \"npx\",   \"args\": []}\n    },\n    \"cost\": 0.10\n}\n";
const CURSOR_TEXT: &str = "{\"mcpServers\":{\"other\":{\"url\":\"http://localhost:1\"}},\"z\":1}";
const CODEX_TEXT: &str = "# mine\nmodel = \"x\"   # best\n\n[mcp_servers.other] # theirs\ncommand = 'npx'\n\n# [mcp_servers.off]\n# command = \"y\"\n[profiles.a]\nz = 1\n# the end\n";

fn read(world: &World, path: &str) -> String {
    fs::read_to_string(world.root().join(path)).unwrap()
}

fn all_clients(world: &World) {
    for (path, text) in [(CLAUDE, CLAUDE_TEXT), (CURSOR, CURSOR_TEXT), (CODEX, CODEX_TEXT)] {
        world.file(path, text);
    }
}

/// The words that start rye for a project.
fn words_for(project: &str) -> Value {
    json!([rye(), "--project", project, "mcp"])
}

fn words_in(entry: &Value) -> Value {
    let mut words = vec![entry["command"].clone()];
    words.extend(entry["args"].as_array().unwrap().iter().cloned());
    Value::Array(words)
}

fn json_entry(world: &World, path: &str) -> Value {
    let file: Value = serde_json::from_str(&read(world, path)).unwrap();
    file["mcpServers"]["rye"].clone()
}

fn toml_entry(world: &World) -> Value {
    let file: toml::Table = read(world, CODEX).parse().unwrap();
    serde_json::to_value(&file["mcp_servers"]["rye"]).unwrap()
}

#[test]
fn without_a_client_the_lines_to_paste_are_shown_and_nothing_is_written() {
    let world = World::new();
    let ran = world.rye(["mcp", "install"]).run();
    assert_eq!(ran.code, Some(1));
    for word in ["claude-code", "\"mcpServers\": {", ".cursor/mcp.json", "[mcp_servers.rye]"] {
        assert!(ran.stdout().contains(word), "no {word:?} in {}", ran.stdout());
    }
    let json = world.rye(["--json", "mcp", "install"]).run().json();
    assert_eq!(json["paste"].as_array().unwrap().len(), 3, "{json:#}");
    assert_eq!(fs::read_dir(world.home()).unwrap().count(), 0);
}

#[test]
fn a_new_file_holds_the_entry_and_is_for_its_owner_alone() {
    let world = World::new();
    let project = world.project().display().to_string();
    for client in ["claude-code", "cursor", "codex"] {
        world.rye(["mcp", "install", "--client", client]).run().ok();
    }
    for path in [CLAUDE, CURSOR] {
        assert_eq!(json_entry(&world, path)["type"], "stdio");
        assert_eq!(words_in(&json_entry(&world, path)), words_for(&project));
    }
    assert_eq!(words_in(&toml_entry(&world)), words_for(&project));
    for path in [CLAUDE, CURSOR, CODEX] {
        let mode = fs::metadata(world.root().join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{path}");
    }
    // Outside of every project it is the user's own tools.
    world.rye(["mcp", "install"]).cwd(world.root()).run().ok();
    assert_eq!(words_in(&toml_entry(&world)), json!([rye(), "mcp"]));
}

#[test]
fn everything_else_stays_as_it_was_and_uninstall_restores_it() {
    let world = World::new();
    all_clients(&world);
    fs::set_permissions(world.root().join(CODEX), fs::Permissions::from_mode(0o640)).unwrap();
    let ran = world.rye(["--json", "mcp", "install"]).run().json();
    let actions: Vec<_> = ran["clients"].as_array().unwrap().iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, ["added", "added", "added"], "{ran:#}");
    // Line by line, what was there is there still, in its order; JSON gets a comma.
    for (path, text) in [(CLAUDE, CLAUDE_TEXT), (CODEX, CODEX_TEXT)] {
        let now = read(&world, path);
        let mut lines = now.lines().map(|line| line.trim_end_matches(','));
        for line in text.lines().map(|line| line.trim_end_matches(',')) {
            assert!(lines.any(|now| now == line), "{line:?} is gone from {now}");
        }
    }
    let mode = fs::metadata(world.root().join(CODEX)).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    let installed = [CLAUDE, CURSOR, CODEX].map(|path| read(&world, path));
    let again = world.rye(["mcp", "install"]).run().ok();
    assert_eq!(again.matches("already there").count(), 3, "{again}");
    assert_eq!(installed, [CLAUDE, CURSOR, CODEX].map(|path| read(&world, path)));
    world.rye(["mcp", "uninstall"]).run().ok();
    for (path, text) in [(CLAUDE, CLAUDE_TEXT), (CODEX, CODEX_TEXT)] {
        assert_eq!(read(&world, path), text, "{path}");
    }
    // What was one line is several now, and says the same.
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(value(&read(&world, CURSOR)), value(CURSOR_TEXT));
    let left = fs::read_dir(world.home().join(".codex")).unwrap().count();
    assert_eq!(left, 1, "a temporary file is left");
}

#[test]
fn an_entry_of_ours_is_brought_up_to_date_and_keeps_what_was_added_to_it() {
    let world = World::new();
    let old = json!({"mcpServers": {"rye": {"command": "/old/rye", "args": ["mcp"], "env": {"A": "1"}}}});
    world.file(CLAUDE, old.to_string());
    let old =
        "[mcp_servers.rye]\ncommand = \"/old/rye\" # here\nargs = [\"mcp\"]\nstartup_timeout_sec = 20\n";
    world.file(CODEX, old);
    let dry = world.rye(["mcp", "install", "--dry-run"]).run().ok();
    assert!(dry.contains("would replace in") && dry.contains("- command = \"/old/rye\""), "{dry}");
    assert_eq!(read(&world, CODEX), old);
    world.rye(["mcp", "install"]).run().ok();
    let project = world.project().display().to_string();
    assert_eq!(words_in(&json_entry(&world, CLAUDE)), words_for(&project));
    assert_eq!(json_entry(&world, CLAUDE)["env"], json!({"A": "1"}));
    assert_eq!(toml_entry(&world)["startup_timeout_sec"], 20);
    assert!(read(&world, CODEX).contains("# here\n"));
}

#[test]
fn a_comment_above_the_entry_outlives_it() {
    let world = World::new();
    let text = "[mcp_servers.rye]\ncommand = \"/bin/rye\"\nargs = [\"mcp\"]\n";
    for (before, after) in
        [("# keep\n", ""), ("a = 1\n\n# keep\n", "\n[z]\n"), ("# keep\n", "\n# end\n[[z]]\n")]
    {
        world.file(CODEX, format!("{before}{text}{after}"));
        world.rye(["mcp", "uninstall"]).run().ok();
        let left = read(&world, CODEX);
        assert_eq!(left, format!("{before}{after}"), "{before}{text}{after}");
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let world = World::new();
    all_clients(&world);
    for verb in ["install", "uninstall"] {
        world.rye(["mcp", verb, "--dry-run"]).run().ok();
        world.rye(["mcp", verb, "--dry-run", "--project-scope"]).run().ok();
    }
    for (path, text) in [(CLAUDE, CLAUDE_TEXT), (CURSOR, CURSOR_TEXT), (CODEX, CODEX_TEXT)] {
        assert_eq!(read(&world, path), text, "{path}");
    }
    assert_eq!(fs::read_dir(world.project()).unwrap().count(), 1);
}

#[test]
fn a_broken_file_is_refused_with_its_place_and_holds_no_other_up() {
    let world = World::new();
    for (path, text, place) in [
        (CLAUDE, "{\n  \"a\": 1,\n  // no\n}\n", ".claude.json:3:3: "),
        (CURSOR, "// mine\n{}", ": it is a comment, and JSON has none"),
        (CLAUDE, "\u{feff}{}", "byte order mark"),
        (CLAUDE, "{\"mcpServers\": []}", "`mcpServers` is not an object"),
        (CLAUDE, "{\"mcpServers\": {}, \"mcpServers\": {}}", "`mcpServers` is there twice"),
        (CLAUDE, "[]", "an object was expected"),
        (CODEX, "a = 1\nb = \n", "config.toml:2:"),
        (CODEX, "mcp_servers = 1\n", "`mcp_servers` is not a table"),
    ] {
        all_clients(&world);
        world.file(path, text);
        let ran = world.rye(["mcp", "install"]).run();
        ran.fails(125, &[place, "hint: "]);
        assert_eq!(read(&world, path), text);
        assert_eq!(ran.stdout().matches("added to").count(), 2, "{}", ran.stdout());
    }
    world.file(CLAUDE, b"{\n\"\xff\"".as_slice());
    world.rye(["mcp", "install"]).run().fails(125, &[".claude.json:2` is not UTF-8"]);
}

#[test]
fn another_server_of_the_name_is_left_alone() {
    let world = World::new();
    for other in [json!({"command": "/bin/other"}), json!({"type": "http", "url": "http://localhost:1"})] {
        let text = json!({"mcpServers": {"rye": other}}).to_string();
        world.file(CURSOR, &text);
        for verb in ["install", "uninstall"] {
            world.rye(["mcp", verb, "--client", "cursor"]).run().fails(125, &["is another server"]);
        }
        assert_eq!(read(&world, CURSOR), text);
    }
}

#[test]
fn a_link_is_written_through_and_stays_a_link() {
    let world = World::new();
    world.file("dotfiles/codex.toml", CODEX_TEXT);
    fs::create_dir_all(world.home().join(".codex")).unwrap();
    let link = world.root().join(CODEX);
    symlink("../../dotfiles/codex.toml", &link).unwrap();
    world.rye(["mcp", "install"]).run().ok();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(read(&world, "dotfiles/codex.toml").contains("[mcp_servers.rye]"));
    fs::remove_file(world.root().join("dotfiles/codex.toml")).unwrap();
    world.rye(["mcp", "install"]).run().fails(126, &["config.toml` cannot be followed"]);
}

#[test]
fn what_may_not_be_written_is_named() {
    let world = World::new();
    let file = world.file(CODEX, CODEX_TEXT);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    world.rye(["mcp", "install"]).run().fails(126, &["config.toml` is read-only", "chmod u+w"]);
    assert_eq!(read(&world, CODEX), CODEX_TEXT);
    fs::remove_dir_all(world.home().join(".codex")).unwrap();
    world.file("home/.codex", "no folder");
    world.rye(["mcp", "install"]).run().fails(126, &[".codex/config.toml` cannot be written"]);
    fs::create_dir_all(world.home().join(".claude.json")).unwrap();
    world.rye(["mcp", "install", "--client", "claude-code"]).run().fails(126, &["is not a regular file"]);
}

#[test]
fn a_path_arrives_as_it_is_or_is_refused() {
    let world = World::new();
    for name in
        ["with space", "q\"uo'te\\", "über-文件", "#a = 1", "tab\tnew\nline", "$HOME `x` {y}", "a${b}"]
    {
        let project = world.root().join(name);
        fs::create_dir_all(project.join(".ai")).unwrap();
        let codex = world.rye(["mcp", "install", "--client", "codex"]).cwd(&project).run();
        codex.ok();
        assert_eq!(words_in(&toml_entry(&world)), words_for(project.to_str().unwrap()));
        let cursor = world.rye(["mcp", "install", "--client", "cursor"]).cwd(&project).run();
        if name.contains("${") {
            cursor.fails(2, &["which cursor takes for a variable"]);
        } else {
            cursor.ok();
            assert_eq!(words_in(&json_entry(&world, CURSOR)), words_for(project.to_str().unwrap()));
        }
    }
    let project: PathBuf = world.root().join(OsStr::from_bytes(b"not\xffutf8"));
    fs::create_dir_all(project.join(".ai")).unwrap();
    world.rye(["mcp", "install", "--client", "codex"]).cwd(&project).run().fails(2, &["is not UTF-8"]);
}

#[test]
fn a_project_has_files_of_its_own() {
    let world = World::new();
    for client in ["claude-code", "cursor", "codex"] {
        world.rye(["mcp", "install", "--project-scope", "--client", client]).run().ok();
    }
    for path in [".mcp.json", ".cursor/mcp.json", ".codex/config.toml"] {
        assert!(world.project().join(path).is_file(), "{path}");
    }
    assert_eq!(fs::read_dir(world.home()).unwrap().count(), 0);
    world
        .rye(["mcp", "install", "--project-scope"])
        .cwd(world.home())
        .run()
        .fails(2, &["no project was found"]);
}

#[test]
fn a_doctor_starts_what_the_entry_says_and_counts_its_tools() {
    let world = World::new();
    world.tool("hi.sh", "echo hi\n");
    all_clients(&world);
    let none = world.rye(["mcp", "doctor"]).run();
    assert_eq!(none.code, Some(1));
    assert!(none.stdout().contains("rye mcp install"), "{}", none.stdout());
    world.rye(["mcp", "install"]).run().ok();
    let well = world.rye(["--json", "mcp", "doctor"]).cwd(world.root()).run();
    let told = well.json();
    assert_eq!((well.code, &told["healthy"]), (Some(0), &json!(true)), "{told:#}");
    for row in told["clients"].as_array().unwrap() {
        assert_eq!(row["answer"]["tools"], 1, "{row:#}");
        assert_eq!(row["answer"]["server"], "rye", "{row:#}");
    }
    let notes: Vec<_> = told["notes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with(".ai/tools/hi.sh:1:1: the tool has no description"), "{notes:?}");
}

#[test]
fn a_doctor_names_what_does_not_work_and_starts_nothing_of_a_project() {
    let world = World::new();
    let silent = world.program("bin/rye", "#!/bin/sh\necho broken >&2\nexec cat > /dev/null\n");
    let entry =
        |command: &str| json!({"mcpServers": {"rye": {"command": command, "args": ["mcp"]}}}).to_string();
    for (command, told) in [
        (silent.to_str().unwrap(), "does not answer `initialize`"),
        ("/no/such/rye", "`/no/such/rye` is not there"),
        ("rye", "`rye` is no absolute path"),
        ("/bin/other", "another server"),
    ] {
        world.file(CLAUDE, entry(command));
        let ran = world.rye(["mcp", "doctor"]).run();
        assert_eq!(ran.code, Some(1), "{}", ran.stdout());
        assert!(ran.stdout().contains(told), "{}", ran.stdout());
    }
    fs::remove_file(world.root().join(CLAUDE)).unwrap();
    fs::create_dir_all(world.home().join(".claude")).unwrap();
    let foreign = world.program("bin2/rye", world.marking());
    world.file("project/.mcp.json", entry(foreign.to_str().unwrap()));
    let ran = world.rye(["mcp", "doctor"]).run();
    assert!(ran.stdout().contains("not started"), "{}", ran.stdout());
    assert!(!world.ran(), "the project's program was started");
}
