//! `rye runtimes` and `rye doctor`: what this machine has for tools, who needs it, and whether anything is broken.

use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};

use crate::world::{World, am_root, have, rye};

fn find<'v>(rows: &'v Value, key: &str, name: &str) -> &'v Value {
    let found = rows.as_array().unwrap().iter().find(|row| row[key] == name);
    found.unwrap_or_else(|| panic!("no {name}: {rows:#}"))
}

fn messages(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one["message"].as_str().unwrap().to_owned()).collect()
}

/// A runtime whose interpreter is the first program of that name on `PATH`.
fn runtime(program: &str, more: &str) -> String {
    format!(
        "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\nextensions = [\"odd\"]\n{more}\n\
         [env_config.odd]\ntype = \"binary\"\nnames = [\"{program}\"]\nvar = \"ODD\"\ninstall = \"ask somebody\"\n\
         [config]\ncommand = \"${{ODD}}\"\n"
    )
}

#[test]
fn every_runtime_is_listed_with_what_it_has() {
    let world = World::new();
    world.tool("runtimes/odd_runtime.toml", runtime("no-such-program", "description = \"Odd\""));
    world.user_tool("runtimes/own.toml", runtime("sh", ""));
    world.user_tool("runtimes/odd_runtime.toml", runtime("sh", ""));
    world.file("project/.ai/rye.toml", "[runtimes]\nts = \"bun_runtime\"\n");
    let rows = world.rye(["--json", "runtimes"]).run().json();
    let odd = find(&rows, "id", "runtimes/odd_runtime");
    assert_eq!((&odd["space"], &odd["extensions"]), (&json!("project"), &json!(["odd"])));
    assert_eq!(odd["problem"]["code"], "interpreter_not_found");
    assert_eq!(odd["problem"]["hints"], json!(["install it: ask somebody"]));
    let own = find(&rows, "id", "runtimes/own");
    assert_eq!(
        (&own["space"], &own["style"], &own["problem"]),
        (&json!("user"), &json!("script"), &Value::Null)
    );
    assert_eq!(own["extensions"], json!([]), "the project's comes first");
    assert!(own["interpreters"][0]["path"].as_str().unwrap().ends_with("/sh"), "{own}");
    let hidden = |row: &&Value| row["shadowed"] == true;
    assert_eq!(rows.as_array().unwrap().iter().filter(hidden).count(), 1);
    let core = |name: &str| find(&rows, "id", &format!("rye/core/runtimes/{name}")).clone();
    assert_eq!(core("bun_runtime")["extensions"], json!(["ts"]));
    assert_eq!(core("deno_runtime")["extensions"], json!(["mts"]));
    assert_eq!(core("mcp_http_runtime")["primitive"], "http_client");
    assert_eq!(core("python_runtime")["style"], "function");

    let text = world.rye(["runtimes"]).run().ok();
    let line = |name: &str| {
        let found = text.lines().find(|line| line.trim_start().starts_with(&format!("{name} ")));
        found.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
    };
    assert!(text.starts_with("project\n  runtimes/odd_runtime "), "{text}");
    assert!(
        line("runtimes/odd_runtime").contains("  odd ") && text.contains("      install it: ask somebody\n")
    );
    assert!(line("python_runtime").contains("py"), "{text}");
    assert!(line("mcp_http_runtime").contains("needs nothing of this machine"));
}

#[test]
fn a_runtime_that_cannot_be_followed_is_told() {
    let world = World::new();
    let broken = "tool_type = \"runtime\"\nexecutor_id = \"no_such_runtime\"\n";
    world.tool("runtimes/broken.toml", broken);
    let rows = world.rye(["--json", "runtimes"]).run().json();
    assert_eq!(find(&rows, "id", "runtimes/broken")["problem"]["code"], "runtime_not_found");
    assert!(world.rye(["runtimes"]).run().ok().contains("no_such_runtime"));
}

#[test]
fn a_healthy_machine_gets_a_clear_verdict() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    world.tool("hello.sh", world.marking());
    let examined = world.rye(["--json", "doctor"]).run();
    let data = examined.json();
    assert_eq!(
        (examined.code, &data["healthy"], &data["tools"]),
        (Some(0), &json!(true), &json!(1)),
        "{data:#}"
    );
    let bash = find(&data["interpreters"], "runtime", "bash_runtime");
    assert_eq!(bash["tools"], 1);
    assert!(bash["version"].as_str().unwrap().contains('.'), "{bash}");
    let here = &data["surroundings"];
    assert_eq!(here["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(here["spaces"][0]["path"], json!(world.project().join(".ai")));
    assert_eq!(here["state"], json!(world.home().join(".cache/rye")));
    let elsewhere = world.rye(["--json", "doctor"]).env("RYE_STATE_DIR", "state").run().json();
    assert_eq!(elsewhere["surroundings"]["state"], json!(world.project().join("state")));
    let text = world.rye(["doctor"]).run().ok();
    assert!(text.contains("\nall is well: 1 tool\n") || text.contains("\nwell enough: 1 tool, "), "{text}");
    // It writes nothing, and runs no tool.
    assert!(!world.ran() && !world.home().join(".cache").exists() && !world.project().join("state").exists());
}

#[test]
fn what_is_missing_matters_when_a_tool_needs_it() {
    let world = World::new();
    world.tool("runtimes/odd_runtime.toml", runtime("no-such-program", ""));
    let examined = world.rye(["--json", "doctor"]).run();
    assert_eq!(examined.code, Some(0), "{}", examined.stdout());
    world.tool("one.odd", "");
    let examined = world.rye(["--json", "doctor"]).run();
    let data = examined.json();
    assert_eq!((examined.code, &data["healthy"]), (Some(1), &json!(false)), "{data:#}");
    let said = messages(&data["problems"]);
    assert!(
        said[0].starts_with("`runtimes/odd_runtime`: ") && said[0].ends_with("; 1 tool needs it"),
        "{said:?}"
    );
    assert_eq!(data["problems"][0]["hint"], "install it: ask somebody");
    let text = world.rye(["doctor"]).run();
    assert_eq!(text.code, Some(1));
    assert!(text.stdout().ends_with("not well: 1 tool, 1 problem\n"), "{}", text.stdout());
}

#[test]
fn broken_settings_files_and_folders_are_problems() {
    let world = World::new();
    world.tool("bad.toml", "executor_id = \"subprocess\"\nbanana = 1\n");
    world.file("project/.ai/rye.toml", "banana = 1\n");
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(world.project(), open).unwrap();
    let examined = world.rye(["--json", "doctor"]).run();
    let said = messages(&examined.json()["problems"]).join("\n");
    assert_eq!(examined.code, Some(1), "{said}");
    for word in [
        "no tool of the project space runs: anyone may write",
        ".ai/rye.toml:1:1: `banana` is not a known key",
        "1 of 1 tool cannot be used",
    ] {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
}

#[test]
fn a_file_that_may_not_be_there_is_no_tool_that_cannot_be_used() {
    let world = World::new();
    world.tool("bad name.sh", "");
    let data = world.rye(["--json", "doctor"]).run().json();
    let said = messages(&data["problems"]);
    assert_eq!(
        (&data["tools"], said.as_slice()),
        (&json!(0), &["1 problem in the spaces beside the tools".into()][..])
    );
    assert!(!messages(&data["warnings"]).iter().any(|said| said.contains("no tools yet")), "{data:#}");
    let listed = world.rye(["list"]).run();
    assert!(listed.stderr().contains("bad name.sh"), "{}", listed.stderr());
    assert!(!listed.stderr().contains("no tools yet"), "{}", listed.stderr());
}

#[test]
fn interpreters_are_started_within_bounds_and_not_from_the_project() {
    let world = World::new();
    let marking = world.marking();
    // In the project: not started. Elsewhere on PATH: asked, and one that hangs holds nothing up.
    let local = world.program("project/bin/odd-local", format!("{marking}echo 1.2.3\n"));
    let alone = world
        .program("bin/odd-told", "#!/bin/sh\n[ \"$1\" = -v ] && { env >&2; echo Odd v4.5.6; } || exit 3\n");
    let leaves = "setsid sh -c 'echo $$ > \"$HOME/left\"; exec sleep 600' &";
    world.program("bin/odd-hangs", format!("#!/bin/sh\ntrap '' TERM\n({leaves})\nsleep 600\n"));
    world.program("bin/odd-crashes", "#!/bin/sh\nkill -SEGV $$\n");
    let path = std::env::join_paths([
        local.parent().unwrap(),
        alone.parent().unwrap(),
        "/usr/bin".as_ref(),
        "/bin".as_ref(),
    ]);
    let path = path.unwrap();
    for (name, program) in
        [("local", "odd-local"), ("told", "odd-told"), ("hangs", "odd-hangs"), ("crashes", "odd-crashes")]
    {
        world.user_tool(&format!("runtimes/{name}.toml"), runtime(program, ""));
    }
    world.tool("t.toml", "executor_id = \"subprocess\"\n[config]\ncommand = \"true\"\n");
    let examined = world.rye(["--json", "doctor"]).env("PATH", &path).env("SECRET", "hunter2").run();
    let data = examined.json();
    let found = |name: &str| find(&data["interpreters"], "runtime", &format!("runtimes/{name}")).clone();
    assert_eq!(found("told")["version"], "4.5.6");
    assert_eq!((&found("local")["version"], &found("local")["problem"]), (&Value::Null, &Value::Null));
    assert!(!world.ran(), "an interpreter of the project was started");
    assert_eq!(found("hangs")["problem"]["code"], "spawn_failed", "{data:#}");
    let crashed = found("crashes")["problem"]["message"].as_str().unwrap().to_owned();
    assert!(
        crashed.ends_with("odd-crashes` was asked for its version and was ended by signal 11"),
        "{crashed}"
    );
    assert!(!examined.stdout().contains("hunter2"));
    let left = std::fs::read_to_string(world.home().join("left")).unwrap();
    let left = std::fs::read(format!("/proc/{}/cmdline", left.trim())).unwrap_or_default();
    assert!(!left.starts_with(b"sleep"), "something was left");
    // No tool needs it: it may surprise, and stops nothing.
    assert_eq!(examined.code, Some(0));
    assert!(messages(&data["warnings"]).iter().any(|said| said.contains("odd-hangs")), "{data:#}");
}

#[test]
fn a_project_has_nothing_started_by_whatever_name_it_is_reached() {
    let world = World::new();
    // Its runtime asks for a program elsewhere.
    world.program("bin/odd-far", world.marking());
    world.tool("runtimes/far.toml", runtime("odd-far", ""));
    // Programs of its own, by a link to it, by a link into it, and by a folder of it that leads out.
    world.program("project/bin/odd-linked", world.marking());
    let inner = world.program("project/bin/odd-inner", world.marking());
    world.program("elsewhere/odd-outer", world.marking());
    symlink(world.project(), world.root().join("link")).unwrap();
    symlink(inner, world.root().join("bin/odd-pointed")).unwrap();
    symlink(world.root().join("elsewhere"), world.project().join("out")).unwrap();
    for program in ["odd-linked", "odd-pointed", "odd-outer"] {
        world.user_tool(&format!("runtimes/{program}.toml"), runtime(program, ""));
    }
    let ours = ["bin", "link/bin", "link/out"].map(|folder| world.root().join(folder));
    let path = std::env::join_paths(ours.into_iter().chain(["/usr/bin".into(), "/bin".into()])).unwrap();
    for project in ["../project", "../link"] {
        let words = ["--json", "--project", project, "doctor"];
        let data = world.rye(words).env("PATH", &path).run().json();
        for name in ["far", "odd-linked", "odd-pointed", "odd-outer"] {
            let found = find(&data["interpreters"], "runtime", &format!("runtimes/{name}"));
            assert!(found["path"].is_string(), "{found}");
            assert_eq!((&found["version"], &found["problem"]), (&Value::Null, &Value::Null), "{found}");
        }
        assert!(!world.ran(), "{project}: what the project chose was started");
    }
}

#[test]
fn interpreters_are_asked_eight_at_a_time() {
    let world = World::new();
    for folder in ["begun", "here"] {
        std::fs::create_dir_all(world.root().join(folder)).unwrap();
    }
    // Each stays until eight have begun, and tells how many it has met.
    let root = world.root();
    let program = format!(
        "#!/bin/sh\ncd '{}'\n: > begun/$$; : > here/$$\n\
         while set -- begun/* && [ $# -lt 8 ]; do sleep 0.02; done\n\
         set -- here/*; echo $# >> met; rm here/$$; echo 1.2.3\n",
        root.display()
    );
    for number in 0..20 {
        world.program(&format!("bin/odd-{number}"), &program);
        world.user_tool(&format!("runtimes/r{number}.toml"), runtime(&format!("odd-{number}"), ""));
    }
    let path = std::env::join_paths([world.root().join("bin"), "/usr/bin".into(), "/bin".into()]).unwrap();
    let data = world.rye(["--json", "doctor"]).env("PATH", path).run().json();
    for number in 0..20 {
        let found = find(&data["interpreters"], "runtime", &format!("runtimes/r{number}"));
        assert_eq!(found["version"], "1.2.3", "{found}");
    }
    let met = std::fs::read_to_string(root.join("met")).unwrap();
    assert!(met.lines().all(|met| met.parse::<usize>().unwrap() <= 8), "{met}");
}

#[test]
fn what_a_virtual_environment_says_of_itself_is_believed() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("hello.py", "def main():\n    return 1\n");
    world.program("project/.venv/bin/python3", world.marking());
    world.file("project/.venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.99.1\n");
    let data = world.rye(["--json", "doctor"]).run().json();
    let python = find(&data["interpreters"], "runtime", "python_runtime");
    assert_eq!((&python["version"], &python["source"]), (&json!("3.99.1"), &json!("project .venv")));
    assert!(!world.ran());
    // A link that leads nowhere is passed over, and told.
    std::fs::remove_file(world.project().join(".venv/bin/python3")).unwrap();
    symlink("/no/such/python", world.project().join(".venv/bin/python3")).unwrap();
    let data = world.rye(["--json", "doctor"]).run().json();
    let said = messages(&data["warnings"]).join("\n");
    assert!(said.contains(".venv/bin/python3") && said.contains("a link that leads nowhere"), "{said}");
}

#[test]
fn another_rye_on_path_is_told() {
    let world = World::new();
    world.tool("t.toml", "executor_id = \"subprocess\"\n[config]\ncommand = \"true\"\n");
    world.program("old/rye", world.marking());
    std::fs::create_dir_all(world.root().join("link")).unwrap();
    symlink(rye(), world.root().join("link/rye")).unwrap();
    let shims = world.program("home/.pyenv/shims/python", "").parent().unwrap().to_owned();
    let path = |folders: &[&str]| {
        let ours = folders.iter().map(|folder| world.root().join(folder));
        std::env::join_paths(ours.chain(["/usr/bin".into(), "/bin".into(), shims.clone()])).unwrap()
    };
    let doctor = |path| world.rye(["--json", "doctor"]).env("PATH", path).run().json();
    let data = doctor(path(&["old", "link"]));
    assert_eq!(
        data["surroundings"]["on_path"],
        json!([world.root().join("old/rye"), world.root().join("link/rye")])
    );
    assert_eq!(data["surroundings"]["shims"], json!([shims]));
    let said = messages(&data["warnings"]).join("\n");
    assert!(said.contains("another rye is on PATH, and is the one that `rye` calls: "), "{said}");
    let said = messages(&doctor(path(&["link", "old"]))["warnings"]).join("\n");
    assert!(said.contains("comes after this one: "), "{said}");
    let said = messages(&doctor(path(&["link"]))["warnings"]).join("\n");
    assert!(!said.contains("another rye"), "{said}");
    assert!(!world.ran(), "the other rye was started");
}

#[test]
fn a_project_of_another_user_is_told() {
    if !am_root() {
        return;
    }
    let world = World::new();
    std::os::unix::fs::chown(world.project().join(".ai"), Some(12_345), None).unwrap();
    let data = world.rye(["--json", "doctor"]).run().json();
    let said = messages(&data["warnings"]).join("\n");
    assert!(said.contains("is passed over: it belongs to another user"), "{said}");
}

#[test]
fn what_is_shown_cannot_drive_the_terminal() {
    let world = World::new();
    let evil = "\\u001b[2Jgone\\u0007\\u202e";
    world.tool("runtimes/x.toml", runtime("no-such-program", "").replace("ask somebody", evil));
    world.tool("t.odd", "");
    for verb in ["runtimes", "doctor"] {
        let said = world.rye([verb]).run().stdout();
        assert!(said.contains("gone") && !said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{verb}: {said:?}");
    }
}
