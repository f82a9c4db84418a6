//! Arguments at the door: every way in which they can be wrong is told at once with its fix, what is right arrives
//! exactly as it was given, and nothing runs before all of them fit.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use serde_json::{Value, json};

use crate::world::World;

/// Gives its arguments back as they reached it; no interpreter but a shell is needed.
const ECHO: &str = r#"#!/bin/sh
# /// rye
# description = "Give the arguments back"
# [call]
# parameters = "stdin"
# output = "json"
# [parameters.name]
# type = "string"
# description = "whom to greet"
# required = true
# [parameters.times]
# type = "integer"
# default = 1
# minimum = 0
# [parameters.ratio]
# type = "number"
# [parameters.loud]
# type = "boolean"
# [parameters.dry-run]
# type = "boolean"
# [parameters.tags]
# type = "array"
# items = { type = "string" }
# [parameters.sizes]
# type = "array"
# items = { type = "integer" }
# [parameters.tone]
# enum = ["warm", "cold"]
# [parameters.either]
# type = ["string", "integer"]
# [parameters.filters]
# type = "array"
# items = { type = "object", properties = { name = { type = "string" }, at = { type = "integer" } }, required = ["name"], additionalProperties = false }
# ///
touch ran
cat
"#;

fn world() -> World {
    let world = World::new();
    world.tool("echo.sh", ECHO);
    world
}

#[test]
fn what_does_not_fit_is_refused_with_its_path_and_the_fix() {
    let world = world();
    for (words, holds) in [
        (
            &[] as &[&str],
            &["`name`: required and not given, expected a string", "`rye run echo --help`"] as &[&str],
        ),
        (&["Ada", "--nmae", "x"], &["unknown flag `--nmae`", "did you mean `--name`?"]),
        (&["Ada", "--banana", "x"], &["unknown flag `--banana`", "the tool takes `--name`, `--times`"]),
        (&["Ada", "--json"], &["`--json` is rye's own: put it before the tool's name"]),
        (&["Ada", "--times"], &["`times`: the value is missing", "write `--times <int>`"]),
        (&["Ada", "--times", "often"], &["`times`: expected an integer, found the string `often`"]),
        (&["Ada", "--times", ""], &["`times`: expected an integer, found the string ``"]),
        (&["Ada", "--times", "-1"], &["`times`: expected at least 0, found `-1`"]),
        (&["Ada", "--times", "1.5"], &["`times`", "1.5"]),
        (&["Ada", "--times=1", "--times=2"], &["`times`: given more than once"]),
        (&["Ada", "extra", "words"], &["words are left over: `extra`, `words`", "the tool takes"]),
        (&["Ada", "--loud=maybe"], &["`loud`: expected a boolean, found the string `maybe`"]),
        (&["Ada", "--no-loud=true"], &["`loud`: `--no-loud` takes no value"]),
        (&["Ada", "--tone", "wram"], &["`tone`", "did you mean `warm`?"]),
        (
            &["Ada", "--sizes", "1", "--sizes", "x"],
            &["`sizes[1]`: expected an integer, found the string `x`"],
        ),
        (
            &["Ada", "--filters", "[{\"at\": \"x\"}]"],
            &["`filters[0].name`: required and not given", "`filters[0].at`: expected an integer"],
        ),
        (
            &["Ada", "--filters", "[{\"name\":\"a\", \"nmae\": 1}]"],
            &["`filters[0].nmae`: unknown name", "did you mean `name`?"],
        ),
        (&["Ada", "--filters", "[{"], &["`filters[0]`: expected an object", "the text ends", "column 3"]),
    ] {
        world.refused([&["echo"], words].concat(), 2, "invalid_arguments", holds);
    }
}

#[test]
fn all_problems_of_a_call_are_told_at_once() {
    let world = world();
    world.refused(
        ["echo", "--nmae", "Ada", "--times", "x", "--loud=y", "--sizes", "[1,true]", "--tone", "wram"],
        2,
        "invalid_arguments",
        &["--nmae", "`name`: required", "`times`", "`loud`", "`sizes[1]`", "did you mean `warm`?"],
    );
    let given = r#"{"name": 5, "times": true, "nmae": 1, "filters": [{"name": "a"}, {"name": 1}]}"#;
    world.refused(
        ["--params", given, "echo"],
        2,
        "invalid_arguments",
        &["`name`: expected a string, found `5`", "`times`", "`nmae`: unknown name", "`filters[1].name`"],
    );
}

#[test]
fn without_json_a_person_reads_the_same() {
    let world = world();
    let ran = world.rye(["run", "echo", "--nmae", "Ada"]).run();
    ran.fails(2, &["error: ", "`--nmae`", "`name`: required", "hint: did you mean `--name`?"]);
    assert_eq!(ran.stdout(), "");
    assert!(!world.project().join("ran").exists());
}

#[test]
fn numbers_are_exact_or_refused() {
    let world = world();
    for (flag, text) in [
        ("times", "9223372036854775807"),
        ("times", "18446744073709551615"),
        ("times", "0"),
        ("ratio", "0.1"),
        ("ratio", "-9223372036854775808"),
        ("ratio", "1e-7"),
        ("ratio", "-1.5"),
    ] {
        let data = world.data(["echo", "Ada", &format!("--{flag}"), text]);
        assert_eq!(data[flag].to_string().parse::<f64>(), text.parse::<f64>(), "{flag} {text}");
        if !text.contains(['.', 'e']) {
            assert_eq!(data[flag].to_string(), text);
        }
    }
    for (flag, text) in [
        ("times", "18446744073709551616"),
        ("times", "99999999999999999999999999"),
        ("times", "1e30"),
        ("times", "0x10"),
        ("times", "1_000"),
        ("times", "+1"),
        ("times", "01"),
        ("times", "NaN"),
        ("ratio", "NaN"),
        ("ratio", "Infinity"),
        ("ratio", "-Infinity"),
        ("ratio", "nan"),
        ("ratio", "1e400"),
        ("ratio", "0.1000000000000000055511151231257827021181583404541015625001"),
    ] {
        let words = ["echo", "Ada", &format!("--{flag}"), text];
        world.refused(words, 2, "invalid_arguments", &[&format!("`{flag}`: expected")]);
        let given = format!("{{\"name\": \"Ada\", \"{flag}\": {text}}}");
        world.refused(["--params", &given, "echo"], 2, "invalid_arguments", &[]);
    }
}

#[test]
fn flags_are_read_as_documented() {
    let world = world();
    for (words, want) in [
        (&["Ada"] as &[&str], json!({"name": "Ada"})),
        (&["--name", "Ada"], json!({"name": "Ada"})),
        (&["--name=Ada=Eve"], json!({"name": "Ada=Eve"})),
        (&["--name="], json!({"name": ""})),
        (&["--name", "--times"], json!({"name": "--times"})),
        (&["--name", "--help"], json!({"name": "--help"})),
        (&["--", "--name"], json!({"name": "--name"})),
        (&["--", "--help"], json!({"name": "--help"})),
        (&["-x"], json!({"name": "-x"})),
        (&["Ada", "--loud", "--dry-run"], json!({"name": "Ada", "loud": true, "dry-run": true})),
        (&["Ada", "--no-loud", "--dry_run"], json!({"name": "Ada", "loud": false, "dry-run": true})),
        (&["--loud", "Ada", "--no_dry_run"], json!({"name": "Ada", "loud": true, "dry-run": false})),
        (&["Ada", "--tags", "a", "--tags=b"], json!({"name": "Ada", "tags": ["a", "b"]})),
        (&["Ada", "--tags", "a"], json!({"name": "Ada", "tags": ["a"]})),
        (&["Ada", "--tags", "[\"a\", \"b c\"]"], json!({"name": "Ada", "tags": ["a", "b c"]})),
        (&["Ada", "--tags", "[]"], json!({"name": "Ada", "tags": []})),
        (&["Ada", "--sizes", "1", "--sizes", "-2"], json!({"name": "Ada", "sizes": [1, -2]})),
        (
            &["Ada", "--filters", "[{\"name\":\"a\",\"at\":\"2\"}]"],
            json!({"name": "Ada", "filters": [{"name": "a", "at": 2}]}),
        ),
        (&["Ada", "--tone", "cold"], json!({"name": "Ada", "tone": "cold"})),
        (&["Ada", "--either", "2"], json!({"name": "Ada", "either": "2"})),
        (&["2", "--times", "2"], json!({"name": "2", "times": 2})),
        (&["null"], json!({"name": "null"})),
    ] {
        assert_eq!(world.data([&["echo"], words].concat()), want, "{words:?}");
    }
}

#[test]
fn params_come_as_json_from_a_file_or_from_standard_input_and_flags_beat_them() {
    let world = world();
    world.file("project/call.json", r#"{"name": "file", "times": 2}"#);
    assert_eq!(
        world.data(["--params", r#"{"name": "Ada", "times": "2"}"#, "echo"]),
        json!({"name": "Ada", "times": 2})
    );
    assert_eq!(world.data(["--params", "@call.json", "echo"]), json!({"name": "file", "times": 2}));
    let by_flag = json!({"name": "file", "times": 3});
    assert_eq!(world.data(["--params", "@call.json", "echo", "--times", "3"]), by_flag);
    let piped = world.rye(["--json", "run", "--params", "-", "echo"]).stdin(r#"{"name": "piped"}"#).run();
    assert_eq!(piped.json()["data"], json!({"name": "piped"}));
    let hint = "give one JSON object, `@FILE`, or `-` for standard input";
    for (given, holds) in [
        ("{\"name\": ", &[hint] as &[&str]),
        ("[1]", &["not a JSON object", hint]),
        ("name=Ada", &["`--params`", hint]),
        ("", &["`--params`", hint]),
        ("@missing.json", &["`missing.json`", hint]),
        (r#"{"name": "a"} {"name": "b"}"#, &[hint]),
        (r#"{"name": "a", "name": "b"}"#, &["name", hint]),
    ] {
        world.refused(["--params", given, "echo"], 2, "invalid_arguments", holds);
    }
    world.file("project/latin.json", b"{\"name\": \"\xe4\"}");
    world.refused(["--params", "@latin.json", "echo"], 2, "invalid_arguments", &["UTF-8", hint]);
    let deep = format!("{}1{}", "[".repeat(500_000), "]".repeat(500_000));
    world.file("project/deep.json", format!("{{\"name\": {deep}}}"));
    world.refused(["--params", "@deep.json", "echo"], 2, "invalid_arguments", &["`--params`", hint]);
}

#[test]
fn what_is_not_utf_8_is_refused_wherever_it_stands() {
    let world = world();
    let bad = OsString::from_vec(b"a\xff".to_vec());
    let flag = OsString::from_vec(b"--name=a\xff".to_vec());
    let name = OsString::from_vec(b"--na\xffme=a".to_vec());
    for words in [
        vec!["echo".into(), bad.clone()],
        vec!["echo".into(), "--name".into(), bad.clone()],
        vec!["echo".into(), flag],
        vec!["echo".into(), "Ada".into(), name],
        vec!["--params".into(), bad.clone(), "echo".into()],
    ] {
        world.refused(&words, 2, "invalid_arguments", &["UTF-8"]);
    }
    world.refused([&bad], 2, "invalid_id", &["an id is a path below `tools/`"]);
    world.tool("words.sh", "touch ran\necho \"$@\"\n");
    world.refused(["words".into(), "a".into(), bad], 2, "invalid_arguments", &["`args[1]`", "UTF-8"]);
}

#[test]
fn a_script_without_parameters_gets_all_words_unread() {
    let world = World::new();
    world.tool("words.sh", "printf '<%s>' \"$@\"\n");
    let words = ["words", "--help", "--name=x", "-v", "--", "", "two words", "$(id)", "--json"];
    assert_eq!(world.data(words), "<--help><--name=x><-v><--><><two words><$(id)><--json>");
    assert_eq!(world.data(["--params", r#"{"args": ["a", "b c"]}"#, "words"]), "<a><b c>");
    world.refused(
        ["--params", r#"{"args": "a"}"#, "words"],
        2,
        "invalid_arguments",
        &["`args`: expected an array"],
    );
    world.refused(["--params", r#"{"x": 1}"#, "words"], 2, "invalid_arguments", &["`x`: unknown name"]);
}

#[test]
fn every_tool_has_help_of_its_own() {
    let world = world();
    for words in [
        &["echo", "--help"] as &[&str],
        &["echo", "Ada", "--help"],
        &["echo", "--nmae", "--help"],
        &["echo", "-h"],
    ] {
        let help = world.rye([&["run"], words].concat()).run().ok();
        for part in [
            "Usage: rye run echo --name <str> [--times <int>]",
            "Give the arguments back",
            "whom to greet (required)",
            "--[no-]loud",
            "(default 1)",
        ] {
            assert!(help.contains(part), "no {part:?} in: {help}");
        }
        assert!(!world.project().join("ran").exists());
    }
}

#[test]
fn a_parameter_called_help_takes_no_help_away() {
    let world = World::new();
    world.tool(
        "x.sh",
        "# /// rye\n# [parameters.help]\n# type = \"boolean\"\n# ///\necho \"$RYE_PARAM_HELP\"\n",
    );
    assert!(world.rye(["run", "x", "--help"]).run().ok().starts_with("Usage: rye run x"));
    assert_eq!(world.rye(["run", "x", "--help=true"]).run().ok(), "true\n");
}

#[test]
fn a_choice_is_met_with_the_nearest_and_with_none_that_is_not_near() {
    let world = World::new();
    world.tool("x.sh", "# /// rye\n# [parameters.c]\n# enum = [\"warm\", \"z\"]\n# ///\n");
    world.rye(["--json", "run", "x", "--c", "wram"]).run().refuses(
        2,
        "invalid_arguments",
        "`c`",
        "mean `warm`?",
    );
    let ran = world.rye(["--json", "run", "x", "--c", "q"]).run();
    ran.refuses(2, "invalid_arguments", "`c`: expected", "--help");
    assert!(!ran.stdout().contains("did you mean"), "{}", ran.stdout());
}

#[test]
fn a_word_has_no_line_and_no_column() {
    let world = World::new();
    world.tool(
        "x.sh",
        "# /// rye\n# [parameters.n]\n# type = \"integer\"\n# [parameters.o]\n# type = \"object\"\n# ///\n",
    );
    let large = ["--json", "run", "x", "--n", "99999999999999999999"];
    let ran = world.rye(large).run();
    ran.refuses(2, "invalid_arguments", "does not fit 64 bits", "--help");
    assert!(!ran.stdout().contains("line 1"), "{}", ran.stdout());
    // In what is longer, the place is told.
    let ran = world.rye(["--json", "run", "x", "--o", "{\"a\": }"]).run();
    ran.refuses(2, "invalid_arguments", "at line 1 column 7", "--help");
}

#[test]
fn a_closed_schema_takes_nothing_else_and_an_open_one_does() {
    let world = World::new();
    let tool = |schema: &str| {
        format!(
            "#!/bin/sh\n# /// rye\n# call = {{ parameters = \"stdin\" }}\n{schema}# ///\ntouch ran\ncat\n"
        )
    };
    world.tool("none.sh", tool("# parameters = {}\n"));
    world.refused(
        ["none", "x"],
        2,
        "invalid_arguments",
        &["word is left over: `x`", "the tool takes no arguments"],
    );
    world.refused(
        ["--params", "{\"a\":1}", "none"],
        2,
        "invalid_arguments",
        &["`a`: unknown name", "nothing is taken here"],
    );
    world.tool(
        "open.sh",
        tool(
            r#"# [input_schema]
# type = "object"
# additionalProperties = true
# [input_schema.properties.a]
# type = "integer"
"#,
        ),
    );
    assert_eq!(world.data(["open", "--a", "1", "--b", "2", "--c", "x"]), json!({"a": 1, "b": 2, "c": "x"}));
    world.tool(
        "typed.sh",
        tool("# [input_schema]\n# type = \"object\"\n# additionalProperties = { type = \"integer\" }\n"),
    );
    assert_eq!(world.data(["typed", "--a", "1"]), json!({"a": 1}));
    world.refused(["typed", "--a", "x"], 2, "invalid_arguments", &["`a`: expected an integer"]);
}

#[test]
fn a_value_that_is_absent_or_null_stays_so() {
    let world = World::new();
    world.tool(
        "maybe.sh",
        "#!/bin/sh\n# /// rye\n# [parameters.a]\n# type = [\"string\", \"null\"]\n# [parameters.b]\n# type = \"integer\"\n# default = 7\n# ///\necho \"${RYE_PARAM_A-unset} ${RYE_PARAM_B-unset}\"\n",
    );
    assert_eq!(world.data(["maybe"]), "unset unset\n");
    assert_eq!(world.data(["--params", r#"{"a": null, "b": 1}"#, "maybe"]), "unset 1\n");
    assert_eq!(world.data(["maybe", "--a", ""]), " unset\n");
    let value: Value = world.data(["maybe", "--a", "null"]);
    assert_eq!(value, "null unset\n");
}
