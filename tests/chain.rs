//! Chains: from a tool by its runtimes to a primitive, ten items at most, never back to where it was.

use crate::world::{World, have};

/// A runtime file; `rest` is more of it.
fn runtime(executor: &str, rest: &str) -> String {
    format!("tool_type = \"runtime\"\nexecutor_id = \"{executor}\"\n{rest}")
}

/// A runtime that says who it is, then runs the script with `sh`.
fn speaking(word: &str, extensions: &str) -> String {
    let config = "[config]\ncommand = \"sh\"\nargs = [\"-c\", \"echo WORD; . \\\"$0\\\"\"]\n[call]\nstyle = \"script\"\n";
    runtime("subprocess", &format!("extensions = [{extensions}]\n{}", config.replace("WORD", word)))
}

/// A shell tool that names its executor and leaves a mark.
fn tool(world: &World, executor: &str) -> String {
    format!("{}# /// rye\n# executor_id = \"{executor}\"\n# ///\necho tool\n", world.marking())
}

#[test]
fn a_cycle_is_an_error_that_shows_the_way() {
    let world = World::new();
    world.tool("runtimes/self.toml", runtime("self", ""));
    world.tool("runtimes/a.toml", runtime("b", ""));
    world.tool("runtimes/b.toml", runtime("runtimes/c", ""));
    world.tool("runtimes/c.toml", runtime("a", ""));
    world.tool("one.sh", tool(&world, "self"));
    world.tool("three.sh", tool(&world, "a"));
    for (id, way) in [
        ("one", "one -> runtimes/self -> runtimes/self"),
        ("three", "three -> runtimes/a -> runtimes/b -> runtimes/c -> runtimes/a"),
    ] {
        for command in ["run", "show", "explain"] {
            let ran = world.rye(["--json", command, id]).run();
            ran.refuses(125, "cycle", way, "let one `executor_id` name a primitive: `subprocess`");
        }
    }
    world.rye(["run", "one"]).run().fails(125, &["comes back to itself", "hint: let one"]);
    let checked = world.rye(["check"]).run();
    assert_eq!(checked.code, Some(1));
    assert!(
        checked.stdout().contains(".ai/tools/one.sh:1:1: error: the chain comes back"),
        "{}",
        checked.stdout()
    );
    assert!(!world.ran());
}

/// A tool on a chain of so many items, tool and primitive counted.
fn chain_of(items: usize) -> World {
    let world = World::new();
    let runtimes = items - 2;
    for at in 1..runtimes {
        world.tool(&format!("runtimes/r{at}.toml"), runtime(&format!("r{}", at + 1), ""));
    }
    world.tool(&format!("runtimes/r{runtimes}.toml"), speaking("deep", ""));
    world.tool("x.sh", tool(&world, "r1"));
    world
}

#[test]
fn ten_items_are_a_chain_and_eleven_are_not() {
    let ten = chain_of(10);
    assert_eq!(ten.rye(["run", "x"]).run().ok(), "deep\ntool\n");
    assert!(ten.ran());
    assert_eq!(ten.outcome(["x"])["chain"].as_array().unwrap().len(), 10);
    for items in [11, 12, 40] {
        let world = chain_of(items);
        for command in ["run", "show", "explain"] {
            let ran = world.rye(["--json", command, "x"]).run();
            ran.refuses(
                125,
                "chain_too_deep",
                "longer than 10 items: x -> runtimes/r1 -> ",
                "name `subprocess`",
            );
        }
        assert!(!world.ran());
    }
}

#[test]
fn an_executor_that_nothing_is_called_is_named_with_its_place() {
    let world = World::new();
    world.tool("runtimes/bun_runtime.toml", speaking("bun", ""));
    world.tool("other.sh", "echo other\n");
    world.tool("data.toml", "x = 1\n");
    for (executor, fact, hint) in [
        ("banana", "no runtime `banana`", "`rye list --all` shows the runtimes"),
        ("pyton_runtime", "no runtime `pyton_runtime`", "did you mean `python_runtime`?"),
        ("subproces", "no runtime `subproces`", "did you mean `subprocess`?"),
        ("bun_runtme", "no runtime `bun_runtme`", "did you mean `bun_runtime`?"),
        ("other", "under that name there is a tool, not a runtime", "`rye list --all`"),
        ("x", "under that name there is a tool, not a runtime", "`rye list --all`"),
        ("data", "no runtime `data`", "`.ai/tools/runtimes/NAME.toml`"),
        ("rye/core/runtimes/nothing", "no runtime `rye/core", "`rye list --all`"),
    ] {
        world.tool("x.sh", tool(&world, executor));
        for command in ["run", "show", "explain"] {
            let ran = world.rye(["--json", command, "x"]).run();
            ran.refuses(127, "runtime_not_found", fact, hint);
            ran.refuses(127, "runtime_not_found", ".ai/tools/x.sh:4:17: no runtime", "NAME.toml");
        }
    }
    assert!(!world.ran());
}

#[test]
fn an_executor_id_has_the_grammar_of_ids() {
    let world = World::new();
    for executor in ["../../bin/sh", "/bin/sh", "", "a//b", "-x"] {
        world.tool("x.sh", tool(&world, executor));
        let ran = world.rye(["--json", "run", "x"]).run();
        ran.refuses(125, "invalid_descriptor", "x.sh:4:17: `", "such as");
        ran.refuses(125, "invalid_descriptor", "is not an id", "python_runtime");
    }
    assert!(!world.ran());
}

#[test]
fn a_project_runtime_is_used_by_extension_and_by_name() {
    let world = World::new();
    world.tool("runtimes/odd.toml", speaking("odd", "\"xyz\""));
    world.tool("elsewhere/far.toml", speaking("far", "\"far\""));
    world.tool("top.toml", speaking("top", ""));
    world.tool("claimed.xyz", "echo claimed\n");
    assert_eq!(world.rye(["run", "claimed"]).run().ok(), "odd\nclaimed\n");
    let chain = world.outcome(["claimed"])["chain"].clone();
    assert_eq!(chain[1]["id"], "runtimes/odd");
    assert_eq!(chain[1]["space"], "project");
    assert_eq!(chain[2]["id"], "subprocess");
    for (executor, word) in [
        ("odd", "odd"),
        ("runtimes/odd", "odd"),
        ("elsewhere/far", "far"),
        ("top", "top"),
        ("bash_runtime", ""),
    ] {
        world.tool("x.sh", tool(&world, executor));
        let expected = if word.is_empty() { "tool\n".to_owned() } else { format!("{word}\ntool\n") };
        assert_eq!(world.rye(["run", "x"]).run().ok(), expected, "{executor}");
    }
    // Only files directly in `runtimes/` claim: this one is no tool of anybody.
    world.tool("unclaimed.far", "echo no\n");
    world.rye(["--json", "run", "unclaimed"]).run().refuses(
        127,
        "tool_not_found",
        "unclaimed.far has no `#!` line",
        "add a runtime that claims its extension",
    );
}

#[test]
fn the_core_comes_first_for_a_short_name() {
    let world = World::new();
    world.tool("bash_runtime.toml", speaking("mine", "\"sh\""));
    world.tool("runtimes/bash_runtime.toml", speaking("mine", "\"sh\""));
    world.tool("x.sh", tool(&world, "bash_runtime"));
    world.tool("claimed.sh", "echo claimed\n");
    assert_eq!(world.rye(["run", "x"]).run().ok(), "tool\n");
    assert_eq!(world.rye(["run", "claimed"]).run().ok(), "claimed\n");
    world.tool("x.sh", tool(&world, "runtimes/bash_runtime"));
    assert_eq!(world.rye(["run", "x"]).run().ok(), "mine\ntool\n");
}

#[test]
fn a_broken_runtime_is_told_where_it_is_used_and_nowhere_else() {
    let world = World::new();
    world.tool("runtimes/odd.toml", format!("nonsense = 1\n{}", speaking("odd", "\"xyz\"")));
    world.tool("runtimes/loose.toml", "tool_type = \"runtime\"\n");
    world.tool("good.sh", "echo good\n");
    world.tool("x.sh", tool(&world, "odd"));
    world.tool("y.sh", tool(&world, "loose"));
    assert_eq!(world.rye(["run", "good"]).run().ok(), "good\n");
    let ran = world.rye(["--json", "run", "x"]).run();
    ran.refuses(
        125,
        "invalid_metadata",
        "runtimes/odd.toml:1:1: `nonsense` is not a known key",
        "known here:",
    );
    let ran = world.rye(["--json", "run", "y"]).run();
    ran.refuses(
        125,
        "invalid_metadata",
        "a runtime without `executor_id`",
        "add `executor_id = \"subprocess\"`",
    );
    assert!(!world.ran());
}

#[test]
fn an_option_that_the_primitive_does_not_know_is_an_error() {
    let world = World::new();
    for (config, fact, hint) in [
        ("comand = \"sh\"", "`comand` is not an option of `subprocess`", "did you mean `command`?"),
        ("url = \"http://x\"", "`url` is not an option of `subprocess`", "known are `command`"),
        ("command = \"\"", "`command` is empty", "name"),
        ("args = []", "no `command` in its chain", "add `command = "),
    ] {
        world.tool("x.toml", format!("executor_id = \"subprocess\"\n[config]\n{config}\n"));
        let ran = world.rye(["--json", "run", "x"]).run();
        ran.refuses(125, "invalid_descriptor", fact, hint);
    }
}

#[test]
fn a_declaration_needs_an_executor() {
    let world = World::new();
    world.tool("x.toml", "tool_type = \"command\"\n[config]\ncommand = \"sh\"\n");
    let ran = world.rye(["--json", "run", "x"]).run();
    ran.refuses(
        125,
        "invalid_metadata",
        "a tool without script and without",
        "add `executor_id = \"subprocess\"`",
    );
    world.tool("x.toml", "tool_type = \"primitive\"\nexecutor_id = \"subprocess\"\n");
    let ran = world.rye(["--json", "run", "x"]).run();
    ran.refuses(125, "invalid_metadata", "primitives are compiled into rye", "use `runtime`, or leave");
}

/// Seed 002, "Example: Tool Using Python Runtime", exactly as printed there.
const GIT: &str = r#"# .ai/tools/rye/capabilities/git.py

__tool_type__ = "python"
__executor_id__ = "python_runtime"  # ← Use Python runtime
__category__ = "capabilities"

def main(command: str, args: list = None) -> dict:
    """Execute git command."""
    import subprocess
    result = subprocess.run(
        ["git", command] + (args or []),
        capture_output=True
    )
    return {"stdout": result.stdout}
"#;

#[test]
fn the_git_tool_of_the_seed_runs() {
    if !have("python3") || !have("git") {
        return;
    }
    let world = World::new();
    world.tool("rye/capabilities/git.py", GIT);
    for words in [
        ["git", "--command", "--version"].as_slice(),
        &["git", "--command=--version"],
        &["rye/capabilities/git", "version"],
        &["git", "--command", "version", "--args", "--build-options"],
    ] {
        let outcome = world.outcome(words);
        assert_eq!(outcome["success"], true, "{outcome}");
        let said = outcome["data"]["stdout"].as_str().unwrap();
        assert!(said.starts_with("git version "), "{outcome}");
    }
    let shown = world.rye(["--json", "show", "git"]).run().json();
    assert_eq!(shown["id"], "rye/capabilities/git");
    assert_eq!(shown["description"], "Execute git command.");
    assert_eq!(shown["category"], "capabilities");
    assert_eq!(shown["input_schema"]["required"], serde_json::json!(["command"]));
    let ids: Vec<_> = shown["chain"].as_array().unwrap().iter().map(|link| link["id"].clone()).collect();
    assert_eq!(ids, ["rye/capabilities/git", "rye/core/runtimes/python_runtime", "subprocess"]);
    let ran = world.rye(["--json", "run", "git"]).run();
    ran.refuses(2, "invalid_arguments", "command", "rye run rye/capabilities/git --help");
}
