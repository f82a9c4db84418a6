//! A runtime file that is wrong says where, in every field and all at once; nothing runs through it.

use serde_json::Value;

use crate::world::World;

/// A world with a tool that runs through a runtime of the project.
fn through(extension: &str, program: &str, runtime: &str) -> World {
    let world = World::new();
    let mark = if extension == "mjs" { "//" } else { "#" };
    let block = format!("{mark} /// rye\n{mark} executor_id = \"mine\"\n{mark} ///\n");
    world.tool(&format!("t.{extension}"), block + program);
    world.tool("runtimes/mine.toml", runtime);
    world
}

#[test]
fn a_bootstrap_that_is_missing_or_no_file_is_told_before_anything_runs() {
    let runtime = |call: &str| {
        format!(
            "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n[config]\ncommand = \"sh\"\n[call]\n{call}\n"
        )
    };
    let program = "def main():\n    open('ran', 'w')\n";
    for (call, code, exit, holds) in [
        (
            "style = \"function\"\nbootstrap = \"_b.py\"",
            "invalid_descriptor",
            125,
            "`_b.py` is not beside it",
        ),
        (
            "style = \"function\"\nbootstrap = \"../_b.py\"",
            "invalid_descriptor",
            125,
            "`../_b.py` is not beside it",
        ),
        (
            "style = \"function\"\nbootstrap = \"/etc/hostname\"",
            "invalid_descriptor",
            125,
            "is not beside it",
        ),
        ("style = \"function\"", "invalid_descriptor", 125, "without `bootstrap`"),
        ("style = \"function\"\nbootstrap = \"_folder\"", "refused_file", 126, "it is a directory"),
        ("style = \"function\"\nbootstrap = \"_out\"", "refused_file", 126, "a symbolic link leads out of"),
        ("style = \"function\"\nbootstrap = \"_binary\"", "invalid_descriptor", 125, "is not UTF-8"),
    ] {
        let world = through("py", program, &runtime(call));
        std::fs::create_dir(world.tools().join("runtimes/_folder")).unwrap();
        world.tool("runtimes/_binary", b"\xff");
        std::os::unix::fs::symlink("/etc/hostname", world.tools().join("runtimes/_out")).unwrap();
        world.refused(["t"], exit, code, &[holds]);
    }
    // A tool brings none of its own.
    let world = through("py", program, &runtime("style = \"script\""));
    world.tool("u.py", "# /// rye\n# call.bootstrap = \"_b.py\"\n# ///\ndef main():\n    open('ran', 'w')\n");
    world.refused(["u"], 125, "invalid_metadata", &["u.py:", "a bootstrap belongs to a runtime file"]);
}

#[test]
fn a_wrong_runtime_file_is_told_field_by_field() {
    const HEAD: &str = "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n";
    for (text, problems, hint) in [
        ("version = 2", &["3:11: `version` is an integer where a string is wanted"] as &[&str], ""),
        ("category = []", &["3:12: `category` is an array where a string is wanted"], ""),
        ("description = true", &["3:15: `description` is a boolean where a string is wanted"], ""),
        ("extensions = \"x\"", &["3:14: `extensions` is a string where a list of strings is wanted"], ""),
        (
            "extensions = [\".x\", 3, \"\"]",
            &[
                "3:15: `.x` is not a file extension",
                "3:21: `extensions` holds an integer",
                "3:24: `` is not a file extension",
            ],
            "write it without dot: `py`",
        ),
        ("pass_env = [\"A=B\"]", &["3:13: `A=B` cannot name a variable"], ""),
        ("extension = [\"x\"]", &["3:1: `extension` is not a known key"], "did you mean `extensions`?"),
        ("[parameters.x]", &["3:2: `parameters` is not a known key"], "known here: `version`"),
        (
            "__version__ = \"1\"\nversion = \"2\"",
            &["4:1: `version` says again what `__version__` in line 3"],
            "keep one",
        ),
        ("executor_id = \"subprocess\"", &["3:1: duplicate key"], ""),
        ("env_config = 1", &["3:14: `env_config` is an integer where a table is wanted"], ""),
        ("config = []", &["3:10: an array where a table is wanted"], ""),
        ("call = \"x\"", &["3:8: a string where a table is wanted"], ""),
        ("[env_config]\ni = 3", &["4:5: an integer where a table is wanted"], ""),
        (
            "[env_config.env]\n\"A=B\" = \"x\"\nC = \"${\"",
            &["4:9: `A=B` cannot name a variable", "5:5: a `$` placeholder without its `}`"],
            "a literal `$` is `$$`",
        ),
        (
            "[env_config.i]\ntype = \"venv_pyton\"\nsearch = [\"projct\"]\nvar = \"A=\"\nfallback = 1",
            &[
                "4:8: `type` cannot be `venv_pyton`",
                "5:11: `search` cannot be `projct`",
                "6:7: `A=` cannot name a variable",
                "7:12: `fallback` is an integer where a string is wanted",
            ],
            "did you mean `venv_python`?",
        ),
        (
            "[env_config.i]\ntype = \"binary\"\nnames = \"x\"\npaths = [1]\ninstall = 1\npath = []",
            &[
                "5:9: `names` is a string where a list of strings is wanted",
                "6:10: `paths` holds an integer where a string is wanted",
                "7:11: `install` is an integer where a string is wanted",
                "8:1: `path` is not a known key",
            ],
            "did you mean `paths`?",
        ),
        (
            "[env_config.i]\ntype = \"binary\"\nnames = [\"awk\", \"/bin/awk\", \"../awk\"]",
            &[
                "5:17: `/bin/awk` in `names` is not a file name",
                "5:29: `../awk` in `names` is not a file name",
            ],
            "write its folder into `paths`",
        ),
        (
            "[call]\nstyle = \"fnction\"\nbootstrap = 1\nbootstrap_args = \"x\"\nparameters = \"evn\"\noutput = 1\nargs = []",
            &[
                "4:9: `style` cannot be `fnction`",
                "5:13: `bootstrap` is an integer where a string is wanted",
                "6:18: `bootstrap_args` is not a list of strings",
                "7:14: `parameters` cannot be `evn`",
                "8:10: `output` is an integer where a string is wanted",
                "9:1: `args` is not a known key",
            ],
            "did you mean `function`?",
        ),
        (
            "[config]\ncommand = \"sh\"\nargs = [\"{\", \"a}b\", \"{a b}\", \"x{l...}\"]",
            &[
                "5:9: a `{` that is not closed",
                "5:14: a `}` that closes nothing",
                "5:21: `{a b}` is not a placeholder",
                "5:30: a `{name...}` that is not the whole item",
            ],
            "a literal brace is `{{` or `}}`",
        ),
        ("a = ", &["3:5: string values must be quoted"], ""),
    ] {
        let world = through("sh", ": > ran\n", &format!("{HEAD}{text}\n"));
        let problems: Vec<_> =
            problems.iter().map(|problem| format!(".ai/tools/runtimes/mine.toml:{problem}")).collect();
        let holds: Vec<_> = problems.iter().map(String::as_str).chain([hint]).collect();
        world.refused(["t"], 125, "invalid_metadata", &holds);
        // In the order of the file, all of them at once, and `rye check` tells the same.
        let checked = world.rye(["--json", "check"]).run();
        let told: Vec<String> = checked.json()["problems"].as_array().unwrap().iter().map(told_at).collect();
        let own: Vec<_> = told.iter().filter(|line| line.contains("runtimes/mine.toml")).collect();
        assert_eq!((checked.code, own.len()), (Some(1), problems.len()), "{text}: {told:#?}");
        assert!(own.iter().zip(&problems).all(|(told, problem)| told.starts_with(problem)), "{told:#?}");
        let outcome = world.outcome(["t"]);
        let causes = outcome["error"]["causes"].as_array().unwrap();
        let ordered = causes.iter().zip(&problems);
        assert!(
            ordered.clone().all(|(cause, problem)| cause.as_str().unwrap().starts_with(problem)),
            "{causes:#?}"
        );
    }
}

fn told_at(problem: &Value) -> String {
    format!("{}: {}", problem["place"].as_str().unwrap(), problem["message"].as_str().unwrap())
}

#[test]
fn a_runtime_that_its_chain_cannot_use_is_told_at_its_place() {
    const HEAD: &str = "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n";
    for (text, code, exit, holds) in [
        ("tool_type = \"runtime\"", "invalid_metadata", 125, "1:1: a runtime without `executor_id`"),
        ("tool_type = \"runtime\"\nexecutor_id = \"mine\"", "cycle", 125, "runtimes/mine -> runtimes/mine"),
        (
            "tool_type = \"runtime\"\nexecutor_id = \"subproces\"",
            "runtime_not_found",
            127,
            "did you mean `subprocess`?",
        ),
        ("executor_id = \"subprocess\"", "runtime_not_found", 127, "there is a tool, not a runtime"),
        (
            &format!("{HEAD}[config]\ncomand = \"sh\""),
            "invalid_descriptor",
            125,
            "4:10: `comand` is not an option",
        ),
        (
            &format!("{HEAD}[config]\ncommand = \"{{x}}\""),
            "invalid_descriptor",
            125,
            "4:11: `{x}` in `command`",
        ),
        (
            &format!("{HEAD}[config]\ncommand = \"sh\"\nargs = \"x\""),
            "invalid_descriptor",
            125,
            "5:8: `args` is not a list",
        ),
        (
            &format!("{HEAD}[config]\ncommand = \"sh\"\ntimeout = -1"),
            "invalid_descriptor",
            125,
            "5:11: `timeout` is not a number",
        ),
        (
            &format!("{HEAD}[config]\ncommand = \"sh\"\nargs = [\"{{n}}\"]"),
            "invalid_descriptor",
            125,
            "5:9: `{n}` is neither",
        ),
        (
            &format!("{HEAD}[config]\ncommand = \"sh\"\nargs = [\"${{NO}}\"]"),
            "unknown_variable",
            125,
            "5:9: `${NO}` in `args`",
        ),
        (
            &format!("{HEAD}[env_config.i]\nvar = \"X\"\n[config]\ncommand = \"sh\""),
            "invalid_descriptor",
            125,
            "`i` has no `type`",
        ),
        (
            &format!("{HEAD}[env_config.i]\ntype = \"binary\"\n[config]\ncommand = \"sh\""),
            "invalid_descriptor",
            125,
            "`i` has no `names`",
        ),
        (HEAD, "invalid_descriptor", 125, "no `command` in its chain"),
    ] {
        let world = through("sh", ": > ran\n", text);
        world.refused(["t"], exit, code, &[holds]);
    }
}
