//! Python files that name their dependencies in a PEP 723 block: uv brings them, for functions and scripts alike, and
//! the project's folder stays as it was.

use std::path::PathBuf;

use serde_json::json;

use crate::world::{Call, World, have, python};

const BLOCK: &str =
    "# /// script\n# requires-python = \">=3.9\"\n# dependencies = [\"six==1.16.0\"]\n# ///\nimport six\n";

/// A world with one tool, when there is uv.
fn tool(text: &str) -> Option<World> {
    (have("uv") && have("python3")).then(World::new).inspect(|world| {
        world.tool("t.py", format!("{BLOCK}{text}"));
    })
}

/// A call that may ask PyPI, in the way that this machine asks it; what it fetched serves every test.
pub(crate) fn with_uv(call: Call) -> Call {
    #[expect(clippy::disallowed_methods, reason = "a test is a front end of its own")]
    let machine = std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        name.starts_with("UV_") || name.starts_with("SSL_CERT_") || name.ends_with("_PROXY")
    });
    let call = machine.fold(call, |call, (name, value)| call.env(name, value));
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("uv-cache");
    let call = call.env("UV_CACHE_DIR", cache).env("UV_PYTHON_DOWNLOADS", "never");
    python().into_iter().fold(call, |call, python| call.env("UV_PYTHON", python))
}

/// Every path in the project.
fn paths(world: &World) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        walkdir::WalkDir::new(world.project()).into_iter().map(|entry| entry.unwrap().into_path()).collect();
    paths.sort();
    paths
}

#[test]
fn a_function_with_dependencies_is_typed_and_gets_them() {
    let Some(world) = tool(
        r#"import pathlib

def main(path: pathlib.Path, times: int = 1) -> dict:
    """Say which six it is."""
    print("printed")
    return {"six": six.__version__, "path": repr(path), "times": times}
"#,
    ) else {
        return;
    };
    let before = paths(&world);
    let ran = with_uv(world.rye(["--json", "run", "t", "a/b", "--times", "2"])).run();
    let outcome = ran.json();
    assert_eq!(
        outcome["data"],
        json!({"six": "1.16.0", "path": "PosixPath('a/b')", "times": 2}),
        "{outcome:#}"
    );
    assert_eq!(outcome["stdout"], "printed\n");
    assert_eq!(outcome["chain"][1]["id"], "rye/core/runtimes/uv_runtime");
    assert_eq!(outcome["chain"][0]["verified"], false);
    assert_eq!(paths(&world), before, "the project's folder is touched");
    // The signature holds before anything is fetched.
    world.refused(["t", "x", "--times", "often"], 2, "invalid_arguments", &["`times`: expected an integer"]);
    let help = world.rye(["run", "t", "--help"]).run().ok();
    assert!(help.contains("Say which six it is.") && help.contains("--times <int>"), "{help}");
}

#[test]
fn a_failure_has_the_tools_own_frames() {
    let Some(world) = tool("def main():\n    raise KeyError('missing')\n") else { return };
    let ran = with_uv(world.rye(["--json", "run", "t"])).run();
    let outcome = ran.json();
    assert_eq!((ran.code, &outcome["error"]["code"]), (Some(1), &json!("tool_failed")), "{outcome:#}");
    assert_eq!(outcome["error"]["message"], "KeyError: 'missing'");
    assert!(outcome["error"]["causes"].to_string().contains("t.py:7"), "{outcome:#}");
}

#[test]
fn a_script_with_dependencies_gets_them_and_its_words() {
    let Some(world) = tool("import sys\nprint(six.__version__, sys.argv[1:])\nsys.exit(3)\n") else { return };
    let before = paths(&world);
    let ran = with_uv(world.rye(["run", "t", "-x", "--", "a b", "--python", "2"])).run();
    assert_eq!(ran.stdout(), "1.16.0 ['-x', '--', 'a b', '--python', '2']\n", "{}", ran.stderr());
    assert_eq!(ran.code, Some(3));
    assert_eq!(paths(&world), before, "the project's folder is touched");
}

#[test]
fn a_project_of_python_beside_it_is_left_alone() {
    let Some(world) = tool("def main():\n    return six.__version__\n") else { return };
    world.file(
        "project/pyproject.toml",
        "[project]\nname = \"other\"\nversion = \"1\"\ndependencies = [\"no-such-dependency-of-rye\"]\n",
    );
    let before = paths(&world);
    let ran = with_uv(world.rye(["run", "t"])).run();
    assert_eq!(ran.ok(), "1.16.0\n");
    assert_eq!(paths(&world), before, "the project's folder is touched");
}

#[test]
fn a_named_runtime_goes_over_the_block() {
    let Some(world) = tool("") else { return };
    let text = "# /// rye\n# executor_id = \"python_runtime\"\n# ///\n# /// script\n# dependencies = [\"six\"]\n# ///\n\
        def main():\n    return 'plain'\n";
    world.tool("t.py", text);
    let outcome = world.outcome(["t"]);
    assert_eq!(outcome["data"], "plain", "{outcome:#}");
    assert_eq!(outcome["chain"][1]["id"], "rye/core/runtimes/python_runtime");
}

#[test]
fn without_uv_the_error_says_how_to_get_it() {
    let world = World::new();
    let sidecar =
        "executor_id = \"uv_runtime\"\n[env_config.uv]\nsearch = [\"user\"]\nfallback = \"no-such-uv\"\n";
    world.tool("t.py", format!("{BLOCK}def main():\n    open('ran', 'w')\n"));
    world.tool("t.toml", sidecar);
    let looked = world.home().join(".local/bin/uv").display().to_string();
    world.refused(["t"], 127, "interpreter_not_found", &["pip install uv", &looked, "no-such-uv"]);
}

#[test]
fn requirements_that_cannot_be_had_are_uvs_to_tell() {
    let Some(world) = tool("") else { return };
    world.tool(
        "t.py",
        "# /// script\n# dependencies = [\"six==0.0.0.no\"]\n# ///\ndef main():\n    open('ran', 'w')\n",
    );
    let ran = with_uv(world.rye(["--json", "run", "t"])).run();
    let outcome = ran.json();
    assert_eq!(outcome["error"]["code"], "tool_failed", "{outcome:#}");
    assert!(outcome["stderr"].as_str().unwrap().contains("six"), "{outcome:#}");
    assert!(!world.project().join("ran").exists());
}
