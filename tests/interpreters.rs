//! Which interpreter runs a tool: the nearest that counts, with every place that was passed over and why. A shim, a
//! relative folder and another's interpreter never run.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rye_executor::{CallOptions, Code, Config};
use serde_json::Value;

use crate::library::{block_on, executor, plan};
use crate::world::{Call, World, have, python};

/// An interpreter that only says which one it is, and with what environment.
const FAKE: &str = "#!/bin/sh\necho \"$0\"\necho \"$VIRTUAL_ENV\"\necho \"$PATH\"\n";

/// A script that any interpreter would run.
fn script(interpreter: &str) -> String {
    format!("# /// rye\n# env_config = {{ interpreter = {interpreter} }}\n# ///\nprint('real')\n")
}

/// Which interpreter ran the tool `which`.
#[track_caller]
fn which(call: Call) -> String {
    call.run().ok().lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_nearest_place_wins() {
    let world = World::new();
    let root = world.root();
    world.tool("which.py", script("{ search = [\"project\", \"user\"], fallback = \"fall-back\" }"));
    let path = std::env::join_paths([root.join("bin"), "/usr/bin".into(), "/bin".into()]).unwrap();
    let call = || world.rye(["run", "which"]).env("VIRTUAL_ENV", root.join("active")).env("PATH", &path);
    for (place, wins) in [
        ("bin/fall-back", true),
        ("home/.pyenv/versions/3.13.0rc1/bin/python3", true),
        ("home/.pyenv/versions/3.9.18/bin/python", true),
        ("home/.pyenv/versions/3.12.1/bin/python3", true),
        ("home/.pyenv/versions/3.8.20/bin/python3", false),
        ("home/.pyenv/versions/pypy3.10-7.3.15/bin/python3", false),
        ("home/.virtualenv/bin/python3", true),
        ("home/.venv/bin/python3", true),
        ("active/bin/python3", true),
        ("project/venv/bin/python", true),
        ("project/.virtualenv/bin/python3", true),
        ("project/.venv/bin/python", true),
        ("project/.venv/bin/python3", true),
        ("project/env/bin/python3", false),
    ] {
        world.program(place, FAKE);
        let won = which(call());
        assert_eq!(won == root.join(place).to_str().unwrap(), wins, "{place}: {won}");
    }
}

#[test]
fn a_version_file_chooses_among_pyenvs_versions() {
    let world = World::new();
    world.tool("which.py", script("{ search = [\"user\"], fallback = \"fall-back\" }"));
    for version in ["3.9.18", "3.11.2", "3.11.10", "3.12.1", "mine"] {
        world.program(&format!("home/.pyenv/versions/{version}/bin/python3"), FAKE);
    }
    for (text, want) in [
        ("3.9.18\n", "3.9.18"),
        ("# comment\n\n3.9\n", "3.9.18"),
        ("3.11", "3.11.10"),
        ("3.11.2 3.12.1\n", "3.11.2"),
        ("mine\n", "mine"),
    ] {
        world.file("project/.python-version", text);
        let won = which(world.rye(["run", "which"]));
        assert!(won.contains(&format!("/versions/{want}/")), "{text:?}: {won}");
    }
    world.file("project/.python-version", "3.7.1\n");
    let place = world.home().join(".pyenv/versions/3.7.1/bin/python3");
    let looked = format!("{} (pyenv): not there", place.display());
    world.refused(["which"], 127, "interpreter_not_found", &[&looked, "fall-back"]);
    world.file("project/.python-version", "../../../bin\n");
    world.refused(["which"], 127, "interpreter_not_found", &[]);
}

#[test]
fn what_does_not_count_is_passed_over_and_told() {
    let world = World::new();
    world.tool("which.py", script("{ search = [\"project\", \"user\"], fallback = \"no-such-python\" }"));
    let (project, home) = (world.project(), world.home());
    world.file("project/.venv/bin/python3", FAKE);
    fs::create_dir_all(project.join(".venv/bin/python")).unwrap();
    fs::create_dir_all(project.join(".virtualenv/bin")).unwrap();
    symlink("/nowhere/python3", project.join(".virtualenv/bin/python3")).unwrap();
    symlink("python", project.join(".virtualenv/bin/python")).unwrap();
    let trail = [
        (".venv/bin/python3", "project .venv", "not executable"),
        (".venv/bin/python", "project .venv", "not a regular file"),
        (".virtualenv/bin/python3", "project .virtualenv", "a link that leads nowhere"),
        (".virtualenv/bin/python", "project .virtualenv", "a link that leads nowhere"),
        ("venv/bin/python3", "project venv", "not there"),
        ("venv/bin/python", "project venv", "not there"),
    ];
    let lines: Vec<_> = trail
        .iter()
        .map(|(path, source, reason)| format!("{} ({source}): {reason}", project.join(path).display()))
        .chain([format!("{} (user .venv): not there", home.join(".venv/bin/python3").display())])
        .collect();
    let mut holds: Vec<&str> = lines.iter().map(String::as_str).collect();
    holds.extend([
        "no-such-python (the fallback, on PATH): not there",
        "`which` needs `python3`, which was not found",
        "install it: `apt install python3`",
    ]);
    world.refused(["which"], 127, "interpreter_not_found", &holds);
    world.rye(["run", "which"]).run().fails(127, &holds);

    let taken = world.program("home/.venv/bin/python3", FAKE);
    assert_eq!(which(world.rye(["run", "which"])), taken.to_str().unwrap());
    let text = world.rye(["explain", "which"]).run().ok();
    let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    for (path, source, reason) in trail {
        let line = format!("│ ├ {path} {source}: {reason}");
        assert!(lines.any(|known| known == line), "no {line:?} in this order in: {text}");
    }
    assert!(text.contains(&format!("{}  user .venv: taken as ${{RYE_PYTHON}}", taken.display())), "{text}");
    let json = world.rye(["--json", "explain", "which"]).run().json();
    let found = &json["interpreters"][0];
    assert_eq!(
        (&found["group"], found["path"].as_str()),
        (&Value::from("user"), taken.to_str()),
        "{found:#}"
    );
    let reasons: Vec<_> = found["trail"].as_array().unwrap().iter().map(|tried| &tried["reason"]).collect();
    assert_eq!(
        reasons,
        ["not_executable", "not_a_file", "dangling_link", "dangling_link", "missing", "missing"]
    );
}

#[test]
fn a_venv_is_entered_and_a_plain_interpreter_is_not() {
    let world = World::new();
    world.tool("which.py", script("{ search = [\"project\", \"user\"] }"));
    let call = || {
        world.rye(["run", "which"]).env("PATH", "/usr/bin:/bin").env("VIRTUAL_ENV", "/elsewhere").run().ok()
    };
    let user = world.program("home/.pyenv/versions/3.12.1/bin/python3", FAKE);
    let bin = user.parent().unwrap().display().to_string();
    assert_eq!(call(), format!("{}\n\n{bin}:/usr/bin:/bin\n", user.display()));
    let own = world.program("project/.venv/bin/python3", FAKE);
    world.file("project/.venv/pyvenv.cfg", "home = /usr/bin\n");
    let venv = world.project().join(".venv").display().to_string();
    assert_eq!(call(), format!("{}\n{venv}\n{venv}/bin:/usr/bin:/bin\n", own.display()));
    world.tool("vars.py", script("{ search = [\"project\"] }"));
    world.program(
        "project/.venv/bin/python3",
        "#!/bin/sh\necho \"$RYE_PYTHON $PROJECT_VENV_PYTHON $PYTHONUNBUFFERED\"\n",
    );
    assert_eq!(world.data(["vars"]), format!("{venv}/bin/python3 {venv}/bin/python3 1\n"));
}

#[test]
fn a_link_to_the_real_python_stays_the_venv() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    let real = python().unwrap();
    let bin = world.project().join(".venv/bin");
    fs::create_dir_all(&bin).unwrap();
    symlink(real, bin.join("python3")).unwrap();
    world.file("project/.venv/pyvenv.cfg", format!("home = {}\n", real.parent().unwrap().display()));
    world.tool("prefix.py", "import sys\n\ndef main():\n    return [sys.prefix, sys.executable]\n");
    let venv = world.project().join(".venv");
    let data = world.data(["prefix"]);
    assert_eq!(data[0].as_str(), venv.to_str());
    assert_eq!(data[1].as_str(), venv.join("bin/python3").to_str());
}

#[test]
fn a_shim_is_followed_to_the_version_its_files_name_and_never_run() {
    let world = World::new();
    world.tool("which.py", script("{ search = [\"project\"], fallback = \"py9\" }"));
    world.program("home/.pyenv/shims/py9", "#!/bin/sh\necho shim\ntouch ran\n");
    let path = format!("{}:/usr/bin:/bin", world.home().join(".pyenv/shims").display());
    let call = |words: &[&str]| world.rye(words).env("PATH", &path);
    let refused = |holds: &[&str]| {
        call(&["--json", "run", "which"]).run().refused(127, "interpreter_not_found", holds);
        assert!(!world.project().join("ran").exists());
    };
    let hint = "install the version that the version manager's files name";
    refused(&["shims/py9 (the fallback, on PATH): a version manager's shim", hint]);
    world.file("project/.python-version", "3.9\n");
    refused(&["shim", hint]);
    let by_file = world.program("home/.pyenv/versions/3.9.18/bin/py9", FAKE);
    let by_default = world.program("home/.pyenv/versions/3.12.1/bin/py9", FAKE);
    assert_eq!(which(call(&["run", "which"])), by_file.to_str().unwrap());
    fs::remove_file(world.project().join(".python-version")).unwrap();
    world.file("home/.pyenv/version", "3.12.1\n");
    assert_eq!(which(call(&["run", "which"])), by_default.to_str().unwrap());
    // Behind a shim that leads nowhere, the next of that name on PATH counts.
    world.file("home/.pyenv/version", "3.1.1\n");
    let next = world.program("bin/py9", FAKE);
    let longer = format!("{path}:{}", next.parent().unwrap().display());
    assert_eq!(which(world.rye(["run", "which"]).env("PATH", longer)), next.to_str().unwrap());
}

#[test]
fn a_relative_folder_on_path_is_passed_over() {
    let world = World::new();
    let program = "#!/bin/sh\ntouch ran\n";
    for folder in ["project", "project/bin", "project/.ai/tools/bin"] {
        world.program(&format!("{folder}/local"), program);
    }
    world.tool("which.py", script("{ search = [\"project\"], fallback = \"local\" }"));
    world.tool("command.toml", "executor_id = \"subprocess\"\nconfig = { command = \"local\" }\n");
    let path = ".:bin::.ai/tools/bin:/usr/bin:/bin:";
    let call = |tool| world.rye(["--json", "run", tool]).env("PATH", path).run();
    call("which").refused(127, "interpreter_not_found", &["local (the fallback, on PATH): not there"]);
    call("command").refused(
        127,
        "command_not_found",
        &["no command `local`", "install `local`, or name it by its path"],
    );
    assert!(!world.project().join("ran").exists());
}

#[test]
fn a_users_tool_passes_over_the_projects_interpreter_unless_it_asks() {
    let world = World::new();
    let (project, user) =
        (world.program("project/.venv/bin/python3", FAKE), world.program("home/.venv/bin/python3", FAKE));
    world.tool("own.py", "print('real')\n");
    world.user_tool("mine.py", "print('real')\n");
    world.user_tool("asks.py", script("{ search = [\"project\", \"user\"] }"));
    for (tool, want) in [("own", &project), ("mine", &user), ("asks", &project)] {
        assert_eq!(which(world.rye(["run", tool])), want.to_str().unwrap(), "{tool}");
        let active = world.project().join(".venv");
        assert_eq!(
            which(world.rye(["run", tool]).env("VIRTUAL_ENV", active)),
            want.to_str().unwrap(),
            "{tool}"
        );
    }
}

#[test]
fn a_fallback_may_be_a_path_or_a_template() {
    let world = World::new();
    let place = world.program("home/opt/py", FAKE);
    for fallback in [place.to_str().unwrap(), "~/opt/py", "${HOME}/opt/py", "${PY:-~/opt/py}"] {
        world.tool("which.py", script(&format!("{{ search = [\"project\"], fallback = \"{fallback}\" }}")));
        if fallback.starts_with("${PY") {
            // A `~` counts only at the beginning of the whole value.
            world.refused(["which"], 127, "interpreter_not_found", &["~/opt/py (the fallback): not there"]);
        } else {
            assert_eq!(which(world.rye(["run", "which"])), place.to_str().unwrap(), "{fallback}");
        }
    }
}

#[test]
fn a_binary_is_looked_for_by_its_names_below_each_root() {
    let world = World::new();
    let root = world.root();
    world.tool(
        "runtimes/demo.toml",
        r#"tool_type = "runtime"
executor_id = "subprocess"
extensions = ["demo"]
config = { command = "${DEMO}" }
[env_config.demo]
type = "binary"
names = ["demo2", "demo"]
paths = ["opt/demo", "bin"]
var = "DEMO"
"#,
    );
    world.tool("which.demo", "anything\n");
    let path = format!("{}:/usr/bin:/bin", root.join("onpath").display());
    let call = || world.rye(["--json", "run", "which"]).env("PATH", &path);
    call().run().refused(
        127,
        "interpreter_not_found",
        &["project/opt/demo/demo2 (project opt/demo): not there", "`demo`"],
    );
    for place in [
        "onpath/demo",
        "onpath/demo2",
        "home/bin/demo",
        "home/opt/demo/demo",
        "project/bin/demo",
        "project/opt/demo/demo",
    ] {
        world.program(place, FAKE);
        let data = call().run().json()["data"].as_str().unwrap_or_default().to_owned();
        assert_eq!(data.lines().next(), root.join(place).to_str(), "{place}");
    }
}

#[test]
fn an_interpreter_that_is_gone_after_the_plan_is_told() {
    let world = World::new();
    world.tool("which.py", script("{ search = [\"project\"] }"));
    let fake = world.program("project/.venv/bin/python3", "#!/bin/sh\ntouch ran\n");
    let executor = executor(&world, Config::default());
    for (change, code) in [
        (
            (|path| fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap()) as fn(&Path),
            Code::NotExecutable,
        ),
        (|path| fs::remove_file(path).unwrap(), Code::CommandNotFound),
    ] {
        fs::set_permissions(&fake, Permissions::from_mode(0o755)).unwrap();
        let plan = plan(&executor, "which", CallOptions::default());
        change(&fake);
        let report = block_on(async { executor.start(plan) }).unwrap_err().report();
        assert_eq!(report.code, code, "{report:?}");
        assert!(report.message.contains(fake.to_str().unwrap()) && !report.hints.is_empty(), "{report:?}");
    }
    assert!(!world.project().join("ran").exists());
}
