//! What a tool sees of the caller's environment: a short list by default, more only when it is asked for by name, and
//! code only when it is named exactly.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::{Call, World, misbehave};

/// A tool that shows its whole environment.
fn shows(more: &str) -> String {
    format!(
        "executor_id = \"subprocess\"\ncall = {{ output = \"text\" }}\nconfig = {{ command = \"{}\", args = [\"environment\"] }}\n{more}\n",
        misbehave()
    )
}

/// The environment that the tool of a call showed.
#[track_caller]
fn seen(call: Call) -> BTreeMap<String, String> {
    let text = call.run().ok();
    text.lines().filter_map(|line| line.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

fn world() -> World {
    let world = World::new();
    world.tool("show.toml", shows(""));
    world
}

#[test]
fn the_default_list_passes_and_the_rest_is_withheld() {
    let world = world();
    let passes = [
        "USER",
        "LOGNAME",
        "SHELL",
        "LC_ALL",
        "LC_TIME",
        "TZ",
        "TERM",
        "COLORTERM",
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "EDITOR",
        "VISUAL",
        "PAGER",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "CI",
        "TMPDIR",
        "XDG_RUNTIME_DIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTP_PROXY",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
    ];
    let withheld = [
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "PATHX",
        "MYHOME",
        "PROXY",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "BASH_ENV",
        "ENV",
        "BASH_FUNC_ls%%",
        "NODE_OPTIONS",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PERL5OPT",
        "RUBYOPT",
        "GIT_SSH_COMMAND",
        "VIRTUAL_ENV",
        "RYE_PARAM_X",
        "RYE_CALL_FD",
        "RYE_TOOL_ID",
        "RYE_ANYTHING",
        "DYLD_INSERT_LIBRARIES",
    ];
    let mut call = world.rye(["run", "show"]);
    for name in passes.iter().chain(&withheld) {
        // A loader that cannot find a library says so and goes on.
        call = call.env(*name, format!("value of {name}"));
    }
    let seen = seen(call);
    for name in passes {
        assert_eq!(seen.get(name), Some(&format!("value of {name}")), "{name}");
    }
    for name in withheld.iter().filter(|name| **name != "RYE_TOOL_ID") {
        assert_eq!(seen.get(*name), None, "{name}");
    }
    assert_eq!(seen["RYE_TOOL_ID"], "show");
}

#[test]
fn the_call_adds_who_is_called_from_where() {
    let world = world();
    std::fs::create_dir(world.project().join("sub")).unwrap();
    world.user_tool("team/mine.toml", shows(""));
    let (project, sub) = (world.project(), world.project().join("sub"));
    let first = seen(world.rye(["run", "show"]).cwd("sub"));
    let second = seen(
        world.rye(["run", "team/mine"]).cwd("sub").env("RYE_RUN_ID", "mine").env("RYE_PROJECT_PATH", "/"),
    );
    for (seen, id) in [(&first, "show"), (&second, "team/mine")] {
        assert_eq!(seen["RYE_TOOL_ID"], id);
        assert_eq!(seen["RYE_CALLER_PATH"], sub.to_str().unwrap());
        assert_eq!(seen["RYE_PROJECT_PATH"], project.to_str().unwrap());
        assert_eq!(seen["RYE_RUN_ID"].len(), 32);
    }
    assert_ne!(first["RYE_RUN_ID"], second["RYE_RUN_ID"]);
    assert_eq!(first.get("RYE_CALL_FD"), None);
    let outcome = world.outcome(["show"]);
    let line = format!("RYE_RUN_ID={}\n", outcome["run_id"].as_str().unwrap());
    assert!(outcome["data"].as_str().unwrap().contains(&line), "{outcome:#}");
}

#[test]
fn pass_env_of_tool_runtime_and_config_asks_for_more() {
    let world = World::new();
    world.tool("runtimes/shows.toml", shows("tool_type = \"runtime\"\npass_env = [\"BY_RUNTIME\"]"));
    world.tool(
        "show.toml",
        "executor_id = \"shows\"\npass_env = [\"BY_TOOL\", \"AWS_*\"]\ncall = { style = \"command\" }\n",
    );
    world.file("project/.ai/rye.toml", "pass_env = [\"BY_PROJECT\"]\n");
    world.file("home/.ai/rye.toml", "pass_env = [\"BY_USER\"]\n");
    let names = ["BY_RUNTIME", "BY_TOOL", "AWS_A", "AWS_B_C", "BY_PROJECT", "BY_USER"];
    let mut call = world.rye(["run", "show"]).env("BY_NOBODY", "x");
    for name in names {
        call = call.env(name, format!("{name} €"));
    }
    let seen = seen(call);
    for name in names {
        assert_eq!(seen.get(name), Some(&format!("{name} €")), "{name}");
    }
    assert_eq!(seen.get("BY_NOBODY"), None);
}

#[test]
fn what_makes_an_interpreter_run_code_passes_only_by_its_exact_name() {
    let names = [
        "BASH_ENV",
        "BASH_FUNC_ls%%",
        "NODE_OPTIONS",
        "PYTHONPATH",
        "PYTHONHOME",
        "PERL5OPT",
        "RUBYOPT",
        "GIT_SSH_COMMAND",
        "GIT_DIR",
        "LD_AUDIT_X",
        "LD_X",
        "DYLD_X",
        "ENV",
    ];
    let world = World::new();
    world.tool(
        "glob.toml",
        shows("pass_env = [\"*\", \"LD_*\", \"BASH_*\", \"NODE_*\", \"PYTHON*\", \"GIT_*\", \"E*V\"]"),
    );
    world.tool("exact.toml", shows(&format!("pass_env = {names:?}")));
    let call = |tool: &str| {
        names.iter().fold(world.rye(["run", tool]).env("PLAIN", "x"), |call, name| call.env(*name, "code"))
    };
    let (glob, exact) = (seen(call("glob")), seen(call("exact")));
    assert_eq!(glob["PLAIN"], "x");
    for name in names {
        assert_eq!(glob.get(name), None, "{name}");
        assert_eq!(exact.get(name).map(String::as_str), Some("code"), "{name}");
    }
}

#[test]
fn parameters_of_an_outer_run_never_reach_an_inner_one() {
    let world = World::new();
    world.tool(
        "show.toml",
        shows("pass_env = [\"RYE_PARAM_X\", \"RYE_PARAM_*\", \"RYE_*\", \"RYE_CALL_FD\"]"),
    );
    let outer = |words: &[&str]| {
        world
            .rye([&["--json", "run"], words].concat())
            .env("RYE_PARAM_X", "outer")
            .env("RYE_CALL_FD", "3")
            .run()
    };
    let seen = outer(&["show"]).json();
    let seen = seen["data"].as_str().unwrap();
    assert!(
        seen.contains("RYE_TOOL_ID") && !seen.contains("RYE_PARAM_X") && !seen.contains("RYE_CALL_FD"),
        "{seen}"
    );
    for word in ["RYE_PARAM_X", "RYE_PARAM_X=inner", "RYE_CALL_FD=3"] {
        let holds = ["cannot be set from outside", "give the tool's parameter by its own name"];
        outer(&["--env", word, "show"]).refused(2, "invalid_arguments", &holds);
    }
}

#[test]
fn a_call_may_name_or_set_variables() {
    let world = world();
    world.tool("set.toml", shows("env_config = { env = { A = \"declared\" } }"));
    let call =
        |words: &[&str]| world.rye([&["run"], words].concat()).env("MINE", "from caller").env("GIT_DIR", "x");
    for (words, name, want) in [
        (&["--env", "MINE", "show"] as &[&str], "MINE", Some("from caller")),
        (&["--env", "MINE=mine=1", "show"], "MINE", Some("mine=1")),
        (&["--env=MINE=", "show"], "MINE", Some("")),
        (&["--env", "NOT_THERE", "show"], "NOT_THERE", None),
        (&["--env", "GIT_DIR", "show"], "GIT_DIR", Some("x")),
        (&["--env", "GIT_*", "show"], "GIT_DIR", None),
        (&["--env", "MI*", "show"], "MINE", Some("from caller")),
        (&["--env", "A=called", "set"], "A", Some("called")),
        (&["set"], "A", Some("declared")),
        (&["--env", "X=$HOME ${HOME} {tool_path}", "show"], "X", Some("$HOME ${HOME} {tool_path}")),
    ] {
        assert_eq!(seen(call(words)).get(name).map(String::as_str), want, "{words:?}");
    }
    for word in ["=x", ""] {
        let hint = "write `--env NAME` or `--env NAME=VALUE`";
        world.refused(["--env", word, "show"], 2, "invalid_arguments", &["names no variable", hint]);
    }
}

#[test]
fn explain_names_what_passes_and_what_does_not_and_shows_no_secret() {
    let world = World::new();
    world.tool("show.toml", shows("pass_env = [\"TOKEN\"]\nenv_config = { env = { MODE = \"fast\" } }"));
    world.file("project/.env", "TOKEN=secret-in-file\n");
    let call = |words: &[&str]| {
        world.rye(words).env("LD_X", "secret-a").env("AWS_KEY", "secret-b").env("TZ", "secret-c")
    };
    let text = call(&["explain", "show"]).run().ok();
    for part in ["AWS_KEY", "LD_X", "withheld (", "MODE=fast", "TOKEN", ".env", "TZ"] {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
    let json = call(&["--json", "explain", "show"]).run();
    for shown in [&text, &json.stdout()] {
        assert!(!shown.contains("secret"), "{shown}");
    }
    let json = json.json();
    assert!(json["withheld"].as_array().unwrap().contains(&Value::from("AWS_KEY")), "{json:#}");
    let from_caller = call(&["explain", "show"]).env("TOKEN", "secret-d").run().ok();
    assert!(from_caller.contains("TOKEN  from you, asked by show"), "{from_caller}");
}

#[test]
fn a_failed_run_says_that_variables_were_withheld() {
    let world = World::new();
    world.tool("fail.sh", "exit 3\n");
    let ran = world.rye(["run", "fail"]).env("SECRET_ONE", "1").env("SECRET_TWO", "2").run();
    ran.fails(
        3,
        &[
            "2 of your variables were not passed on",
            "`rye explain fail` names them",
            "`--env NAME` passes one",
        ],
    );
    // What a shell sets for whatever it starts, nobody misses.
    let by_shell = |words: &[&str]| {
        let call = world.rye(words).env("PWD", "/").env("OLDPWD", "/").env("SHLVL", "1").env("_", "/bin/rye");
        call.run()
    };
    let ran = by_shell(&["run", "fail"]);
    assert!(!ran.stderr().contains("not passed on"), "{}", ran.stderr());
    assert!(!by_shell(&["explain", "fail"]).ok().contains("withheld"));
}

#[test]
fn bytes_that_are_no_text_pass_unchanged() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let world = World::new();
    world.tool("bytes.sh", "printf %s \"$TZ$X\"\n");
    let word = OsString::from_vec(b"X=b\xfe".to_vec());
    let words = [OsString::from("run"), "--env".into(), word, "bytes".into()];
    let ran = world.rye(words).env("TZ", OsString::from_vec(b"a\xff".to_vec())).run();
    assert_eq!((ran.code, ran.stdout.as_slice()), (Some(0), b"a\xffb\xfe".as_slice()), "{}", ran.stderr());
}
