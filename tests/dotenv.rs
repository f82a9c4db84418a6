//! `.env` files: four of them, later wins; they give only what is asked for, exactly as it is written, and a line that
//! cannot be read is named without being shown.

use crate::world::World;

/// A tool that shows some variables, with `pass_env` of all of them.
fn shows(names: &[&str]) -> String {
    let format: String = names.iter().map(|name| format!("{name}=${name};")).collect();
    format!(
        "#!/bin/sh\n# /// rye\n# pass_env = {names:?}\n# call = {{ output = \"text\" }}\n# parameters = {{}}\n# ///\ntouch ran\nprintf %s \"{format}\"\n"
    )
}

#[test]
fn the_usual_forms_are_read_and_nothing_is_expanded() {
    let world = World::new();
    world.tool("show.sh", shows(&["A"]));
    for (text, want) in [
        ("A=1\n", "1"),
        ("A=1", "1"),
        ("# comment\n\nA=1 # end\n", "1"),
        ("export A=1\n", "1"),
        ("A = 1\n", "1"),
        ("A=\"two words # no comment\"\n", "two words # no comment"),
        ("A='single $HOME ${HOME}'\n", "single $HOME ${HOME}"),
        ("A=\"x\\ny\"\n", "x\ny"),
        ("A='x\\ny'\n", "x\\ny"),
        ("A=\"line\nline\"\n", "line\nline"),
        ("A=${HOME}$(id)`id`\n", "${HOME}$(id)`id`"),
        ("A=\"${HOME} $(id)\"\n", "${HOME} $(id)"),
        ("A={tool_path}\n", "{tool_path}"),
        ("A=\n", ""),
        ("A=a=b\n", "a=b"),
        ("A=1\r\nB=2\r\n", "1"),
        ("A=1\nA=2\n", "2"),
        ("A=ä€\n", "ä€"),
        ("\u{feff}A=1\n", "1"),
        ("B=1\n", ""),
        ("", ""),
    ] {
        world.file("project/.env", text);
        assert_eq!(world.data(["show"]), format!("A={want};"), "{text:?}");
    }
}

#[test]
fn four_files_are_read_and_the_most_local_wins() {
    let world = World::new();
    world.tool("show.sh", shows(&["A", "B", "C", "D", "E"]));
    world.file("home/.ai/.env", "A=user\nB=user\nC=user\nD=user\n");
    world.file("project/.ai/.env", "B=ai\nC=ai\nD=ai\nE=ai\n");
    world.file("project/.env", "C=project\nD=project\nE=project\n");
    world.file("project/.env.local", "D=local\nE=local\n");
    assert_eq!(world.data(["show"]), "A=user;B=ai;C=project;D=local;E=local;");
    let ran = world.rye(["--json", "run", "show"]).env("E", "caller").run();
    assert_eq!(ran.json()["data"], "A=user;B=ai;C=project;D=local;E=caller;");
    let outcome = world.outcome(["--env", "E=call", "show"]);
    assert_eq!(outcome["data"], "A=user;B=ai;C=project;D=local;E=call;");
}

#[test]
fn only_what_is_asked_for_comes_out_of_a_file() {
    let world = World::new();
    let trap = "PATH=/nowhere\nHOME=/nowhere\nHTTP_PROXY=http://evil\nTERM=evil\nLD_PRELOAD=/evil.so\nBASH_ENV=/evil.sh\nSECRET=s\nRYE_PARAM_X=x\nRYE_TOOL_ID=evil\nGIT_DIR=/evil\n";
    world.file("project/.env", trap);
    world.tool("bare.sh", "env\n");
    world.tool("glob.sh", "#!/bin/sh\n# /// rye\n# pass_env = [\"*\"]\n# ///\nenv\n");
    let bare = world.rye(["run", "bare"]).run().ok();
    assert!(!bare.contains("evil") && !bare.contains("nowhere") && !bare.contains("SECRET"), "{bare}");
    // What the caller has wins over a file; what runs code is not asked for by a glob.
    let glob = world.rye(["run", "glob"]).run().ok();
    assert!(
        glob.contains("SECRET=s\n") && glob.contains(&format!("HOME={}\n", world.home().display())),
        "{glob}"
    );
    for name in ["LD_PRELOAD", "BASH_ENV", "GIT_DIR", "RYE_PARAM_X", "PATH=/nowhere", "RYE_TOOL_ID=evil"] {
        assert!(!glob.contains(name), "{name} in: {glob}");
    }
    // Nor does a file decide which interpreter runs.
    let explained = world.rye(["--json", "explain", "glob"]).run().json();
    assert!(!explained["command"][0].as_str().unwrap().contains("nowhere"), "{explained:#}");
    world.tool("exact.sh", shows(&["GIT_DIR"]));
    assert_eq!(world.data(["exact"]), "GIT_DIR=/evil;");
}

#[test]
fn a_variable_of_a_template_asks_for_its_name() {
    let world = World::new();
    world.file("project/.env", "GREETING='hello $USER'\nOTHER=x\n");
    world.tool(
        "template.toml",
        "executor_id = \"subprocess\"\nconfig = { command = \"sh\", args = [\"-c\", 'echo \"$0\"; env', \"${GREETING}\"] }\n",
    );
    let text = world.rye(["run", "template"]).run().ok();
    assert!(text.starts_with("hello $USER\n"), "{text}");
    assert!(!text.contains("GREETING=") && !text.contains("OTHER="), "{text}");
}

#[test]
fn a_broken_line_is_named_and_never_shown() {
    let world = World::new();
    world.tool("show.sh", shows(&["A"]));
    let hint = "in single quotes";
    for (text, line) in [
        ("A=1\nSECRET s3cret\n", 2),
        ("A=1\n\n# x\nSECRET='s3cret\n", 4),
        ("SECRET=s3cret two words\n", 1),
        ("1SECRET=s3cret\n", 1),
        ("=s3cret\n", 1),
    ] {
        world.file("project/.env", text);
        world.refused(
            ["show"],
            125,
            "invalid_config",
            &[&format!(".env:{line}:1"), "not a line `NAME=value`", hint],
        );
        let ran = world.rye(["run", "show"]).run();
        assert!(!ran.stderr().contains("s3cret"), "{}", ran.stderr());
    }
    world.file("project/.env", b"A=\xff\n");
    world.refused(["show"], 125, "invalid_config", &[".env:1:1", "cannot be read"]);
    // A folder of that name is a virtual environment, as some make it.
    std::fs::remove_file(world.project().join(".env")).unwrap();
    std::fs::create_dir(world.project().join(".env")).unwrap();
    assert_eq!(world.data(["show"]), "A=;");
    std::fs::remove_dir(world.project().join(".env")).unwrap();
    world.file("project/.env", "1SECRET\n");
    // A tool that asks for nothing does not care.
    world.tool("quiet.sh", "echo fine\n");
    assert_eq!(world.data(["quiet"]), "fine\n");
}

#[test]
fn a_users_tool_does_not_get_the_projects_variables() {
    let world = World::new();
    world.user_tool("mine.sh", shows(&["A", "B"]));
    world.file("home/.ai/.env", "A=user\n");
    world.file("project/.env", "A=project\nB=project\n");
    world.file("project/.ai/.env", "B=ai\n");
    assert_eq!(world.data(["mine"]), "A=user;B=;");
    world.user_tool(
        "asks.sh",
        shows(&["A", "B"]).replace(
            "# parameters",
            "# env_config = { interpreter = { search = [\"project\", \"system\"] } }\n# parameters",
        ),
    );
    assert_eq!(world.data(["asks"]), "A=project;B=project;");
}
