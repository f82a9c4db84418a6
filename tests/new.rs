//! `rye new`: what it makes works at once in every language, lies where it is said to lie, and replaces nothing.

use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::{Value, json};

use crate::http_server::{Server, answer};
use crate::world::{World, am_root, have};

/// Each language with the program that must be there, and the file that a tool `t` in it is.
const LANGUAGES: &[(&str, &str, &str)] = &[
    ("python", "python3", "t.py"),
    ("uv", "uv", "t.py"),
    ("node", "node", "t.mjs"),
    ("typescript", "deno", "t.ts"),
    ("bun", "bun", "t.ts"),
    ("bash", "bash", "t.sh"),
    ("ruby", "ruby", "t.rb"),
    ("perl", "perl", "t.pl"),
    ("php", "php", "t.php"),
    ("lua", "lua", "t.lua"),
    ("command", "df", "t.toml"),
    ("http", "sh", "t.toml"),
];

/// Every file and folder below a folder.
fn tree(folder: &Path) -> BTreeSet<String> {
    let entries = walkdir::WalkDir::new(folder).min_depth(1).into_iter().map(|entry| entry.unwrap());
    entries.map(|entry| entry.path().strip_prefix(folder).unwrap().display().to_string()).collect()
}

#[track_caller]
fn checks_clean(world: &World) {
    let checked = world.rye(["--json", "check"]).run();
    assert_eq!(checked.json(), json!({ "problems": [], "notes": [], "tools": 1 }), "{}", checked.stderr());
}

/// The words that `rye new` says will run the tool.
fn words_to_run(made: &Value) -> Vec<String> {
    made["run"].as_array().unwrap().iter().skip(1).map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_tool_in_every_language_is_clean_and_takes_what_it_says() {
    for &(language, needs, file) in LANGUAGES.iter().filter(|(language, ..)| *language != "http") {
        if !have(needs) {
            continue;
        }
        let world = World::new();
        let made = world.rye(["--json", "new", "t", "--lang", language]).run();
        assert_eq!(made.code, Some(0), "{language}: {}{}", made.stdout(), made.stderr());
        let made = made.json();
        assert_eq!(made["path"], json!(world.tools().join(file)), "{language}");
        assert_eq!((&made["language"], &made["obstacle"]), (&json!(language), &Value::Null));
        let mode = world.tools().join(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o113, 0, "{language}: {mode:o}");
        checks_clean(&world);

        let said = world.rye(words_to_run(&made)).run().ok();
        if language == "command" {
            assert!(said.contains("Mounted on"), "{said}");
            world.refused(["t", "--path", ".", "--unit", "q"], 2, "invalid_arguments", &["`unit`"]);
        } else {
            assert_eq!(said, "Hello, Ada!\n", "{language}");
            let twice = world.rye(["run", "t", "--name", "Zoë's $x", "--times", "2"]).run();
            assert_eq!(twice.ok(), "Hello, Zoë's $x!\nHello, Zoë's $x!\n", "{language}");
            world.refused(["t", "--name", "x", "--times", "many"], 2, "invalid_arguments", &["`times`"]);
            world.refused(["t", "--nmae", "x"], 2, "invalid_arguments", &["did you mean `--name`?"]);
        }
        world.refused(["t"], 2, "invalid_arguments", &["required and not given"]);
        let shown = world.rye(["--json", "show", "t"]).run().json();
        assert!(shown["description"].as_str().is_some_and(|text| !text.is_empty()), "{language}: {shown}");
        for (name, property) in shown["input_schema"]["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{language}: {name}");
        }
    }
}

#[test]
fn every_language_of_the_command_line_is_in_the_table() {
    let help = World::new().rye(["new", "--help"]).run().ok();
    let offered: BTreeSet<_> = help
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- ")?.split_once(':'))
        .map(|(word, _)| word.to_owned())
        .collect();
    let tested: BTreeSet<_> = LANGUAGES.iter().map(|(language, ..)| (*language).to_owned()).collect();
    assert_eq!(offered, tested, "{help}");
}

#[test]
fn a_request_is_made_as_it_is_written() {
    let world = World::new();
    let made = world.rye(["--json", "new", "t", "--lang", "http"]).run().json();
    checks_clean(&world);
    let server = Server::start(|_, _| answer(200, "application/json", "{\"stars\": 1}"));
    world.file("project/.ai/rye.toml", "allow_hosts = [\"127.0.0.1\"]\n");
    let call = |words: Vec<String>| world.rye(words).env("GITHUB_API_URL", server.url()).run();
    assert_eq!(call(words_to_run(&made)).ok(), "{\"stars\": 1}\n");
    let asked = server.seen();
    assert_eq!(asked[0].target, "/repos/rust-lang/rust");
    assert!(asked[0].header("user-agent").is_some());
    world.refused(["t", "--owner", "x"], 2, "invalid_arguments", &["`repository`"]);
}

#[test]
fn usual_names_and_extensions_are_understood() {
    for (words, file) in [
        (&["a"][..], "a.py"),
        (&["a", "--lang", "JS"], "a.mjs"),
        (&["a", "--lang", "ts"], "a.ts"),
        (&["a", "--lang", "sh"], "a.sh"),
        (&["deep/er/a.rb"], "deep/er/a.rb"),
        (&["a.py", "--lang", "uv"], "a.py"),
        (&["v1.2"], "v1.2.py"),
        (&["a.command"], "a.command.py"),
        (&["a.toml"], "a.toml"),
        (&["api.https"], "api.https.py"),
        (&["x.shell"], "x.shell.py"),
        (&["z.cjs"], "z.mjs"),
        (&["z.js"], "z.mjs"),
    ] {
        let world = World::new();
        let made = world.rye(["--json", "new"].iter().chain(words)).run();
        assert_eq!(made.json()["path"], json!(world.tools().join(file)), "{words:?}: {}", made.stdout());
        checks_clean(&world);
    }
    let world = World::new();
    let guess = world.rye(["--json", "new", "a", "--lang", "pyton"]).run();
    guess.refuses(2, "invalid_arguments", "pyton", "'python'");
    let both = world.rye(["--json", "new", "a.rb", "--lang", "bash"]).run();
    both.refuses(2, "invalid_arguments", "`a.rb` names a file in `ruby`", "leave one of the two out");
    assert_eq!(tree(&world.tools()), BTreeSet::new());
}

#[test]
fn a_project_begins_in_the_working_directory_and_nowhere_else() {
    let world = World::new();
    std::fs::create_dir_all(world.root().join("elsewhere/deep")).unwrap();
    let made = world.rye(["new", "hello", "--lang", "sh"]).cwd("../elsewhere/deep").run();
    let text = made.ok();
    let tools = world.root().join("elsewhere/deep/.ai/tools");
    assert!(text.starts_with(&format!("made {}/: no project", tools.display())), "{text}");
    for line in [
        "made .ai/tools/hello.sh\n",
        "  rye run hello --name Ada\n",
        "rye show hello\n",
        " .ai/tools/hello.sh\n",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
    assert_eq!(tree(&world.root().join("elsewhere")).len(), 4);
    // Below a project, it is that project.
    world.file("project/src/x", "");
    world.rye(["new", "hello"]).cwd("src").run().ok();
    assert!(world.tools().join("hello.py").is_file() && !world.project().join("src/.ai").exists());
    std::fs::remove_dir_all(world.tools()).unwrap();
    let text = world.rye(["new", "hello"]).cwd("src").run().ok();
    assert!(text.contains("/project/.ai/tools/: the project had no tools\n"), "{text}");
    // And a project that is named and is none is an error.
    let named = world.rye(["--json", "--project", "..", "new", "x"]).run();
    named.refuses(125, "invalid_config", "no `.ai` folder", "");
    assert!(!world.root().join(".ai").exists());
}

#[test]
fn the_words_to_run_it_work_from_where_it_was_made() {
    let world = World::new();
    std::fs::create_dir_all(world.root().join("a place")).unwrap();
    let made =
        world.rye(["--project", "../project", "new", "x/hello", "--lang", "sh"]).cwd("../a place").run();
    let text = made.ok();
    assert!(text.contains("  rye --project ../project run x/hello --name Ada\n"), "{text}");
    let made =
        world.rye(["--project", "../project", "--json", "new", "y", "--lang", "sh"]).cwd("../a place").run();
    assert_eq!(world.rye(words_to_run(&made.json())).cwd("../a place").run().ok(), "Hello, Ada!\n");
}

#[test]
fn the_user_space_is_made_when_it_is_asked_for() {
    let world = World::new();
    let made = world.rye(["new", "hello", "--user", "--lang", "sh"]).run().ok();
    assert!(made.contains("your user space"), "{made}");
    assert_eq!(tree(&world.tools()), BTreeSet::new());
    assert!(world.home().join(".ai/tools/hello.sh").is_file());
    assert_eq!(world.rye(["run", "hello", "--name", "Ada"]).run().ok(), "Hello, Ada!\n");
    // What is called then is told.
    let made = world.rye(["new", "hello", "--lang", "sh"]).run();
    assert!(made.stderr().contains("it comes before the user tool `hello`"), "{}", made.stderr());
    world.tool("other.sh", "");
    let made = world.rye(["new", "other", "--user", "--lang", "sh"]).run();
    assert!(made.stderr().contains("which comes first"), "{}", made.stderr());
    // In the home directory itself `.ai/` is the user space, not a project.
    let made = world.rye(["--json", "new", "third", "--lang", "sh"]).cwd("../home").run().json();
    assert_eq!(made["space"], "user");
    let own = world.rye(["--json", "new", "x", "--user"]).env("RYE_USER_SPACE", "own").run().json();
    assert_eq!(own["path"], json!(world.project().join("own/tools/x.py")));
}

#[test]
fn a_tool_that_is_made_behind_another_is_no_failure() {
    let world = World::new();
    world.tool("zap.sh", "# /// rye\n# [parameters.other]\n# type = \"integer\"\n# required = true\n# ///\n");
    let made = world.rye(["new", "zap", "--user"]).run();
    made.ok();
    let told = made.stderr();
    assert!(told.contains("which comes first") && !told.contains("error"), "{told}");
    assert!(world.home().join(".ai/tools/zap.py").is_file());
}

#[test]
fn nothing_is_overwritten() {
    let world = World::new();
    for file in ["script.sh", "data.csv", "bare", "meta.toml", "Upper.py", "deep/Case.py"] {
        world.tool(file, "mine\n");
    }
    symlink("/nowhere", world.tools().join("dangling.py")).unwrap();
    std::fs::create_dir_all(world.tools().join("folder")).unwrap();
    let before = tree(&world.tools());
    for id in ["script", "data", "bare", "meta", "upper", "dangling", "deep/case", "Deep/case"] {
        let refused = world.rye(["--json", "new", id]).run();
        refused.refuses(125, "duplicate_id", "is there already", "choose another id");
    }
    assert_eq!(tree(&world.tools()), before);
    assert_eq!(std::fs::read_to_string(world.tools().join("bare")).unwrap(), "mine\n");
    world.rye(["new", "folder"]).run().ok();
}

#[test]
fn hostile_ids_make_nothing() {
    let world = World::new();
    let before = tree(&world.root());
    for (id, exit, code) in [
        ("../x", 2, "invalid_id"),
        ("a/../../x", 2, "invalid_id"),
        ("/etc/x", 2, "invalid_id"),
        ("", 2, "invalid_id"),
        ("a b", 2, "invalid_id"),
        ("a\nb", 2, "invalid_id"),
        ("$(touch ran)", 2, "invalid_id"),
        (".hidden", 2, "invalid_id"),
        ("_x", 2, "invalid_id"),
        ("a\\b", 2, "invalid_id"),
        ("a//b", 2, "invalid_id"),
        ("a/.py", 2, "invalid_id"),
        ("a/", 2, "invalid_id"),
        ("lib/x", 2, "invalid_id"),
        ("a/node_modules/x", 2, "invalid_id"),
        ("rye/core/x", 125, "protected_id"),
        ("rye/core/runtimes/python_runtime", 125, "protected_id"),
        (&"x".repeat(129), 2, "invalid_id"),
    ] {
        for user in [false, true] {
            let words = ["--json", "new", id].into_iter().chain(user.then_some("--user"));
            let refused = world.rye(words).run();
            assert_eq!(
                (refused.code, &refused.json()["error"]["code"]),
                (Some(exit), &json!(code)),
                "{id:?}"
            );
        }
    }
    assert_eq!(tree(&world.root()), before);
}

#[test]
fn a_link_does_not_lead_it_out_of_the_space() {
    let world = World::new();
    std::fs::create_dir_all(world.root().join("victim")).unwrap();
    symlink(world.root().join("victim"), world.tools().join("out")).unwrap();
    for id in ["out/x", "out/deep/x"] {
        let refused = world.rye(["--json", "new", id]).run();
        refused.refuses(126, "refused_file", "a link leads out", "");
    }
    assert_eq!(tree(&world.root().join("victim")), BTreeSet::new());
    world.tool("file", "");
    world.rye(["--json", "new", "file/x"]).run().refuses(126, "refused_file", "cannot be made", "");
}

#[test]
fn what_would_keep_it_from_running_is_told() {
    let world = World::new();
    world.file("project/.ai/rye.toml", "banana = 1\n");
    let made = world.rye(["new", "hello"]).run();
    made.fails(125, &["`banana` is not a known key"]);
    assert!(world.tools().join("hello.py").is_file());
    world.file("project/.ai/rye.toml", "");
    let empty = world.root().join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    if !Path::new("/usr/bin/lua").exists() && !Path::new("/usr/local/bin/lua").exists() {
        let made = world.rye(["new", "l", "--lang", "lua"]).env("PATH", &empty).run();
        assert!(
            made.ok().contains("rye run l") && made.stderr().contains("apt install"),
            "{}",
            made.stderr()
        );
    }
    // A folder that anyone may write is one from which nothing runs.
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(world.project(), open).unwrap();
    world.rye(["new", "open"]).run().fails(126, &["anyone may write", "chmod o-w"]);
}

#[test]
fn a_folder_of_another_user_is_left_alone() {
    if !am_root() {
        return;
    }
    let world = World::new();
    std::os::unix::fs::chown(world.project().join(".ai"), Some(12_345), None).unwrap();
    let refused = world.rye(["--json", "new", "hello"]).run();
    refused.refuses(126, "refused_file", "belongs to another user", "--project");
    assert_eq!(tree(&world.tools()), BTreeSet::new());
}
