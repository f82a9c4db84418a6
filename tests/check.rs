//! How a broken file is shown: the place, the line, a mark under the word, what to write instead. `check` and `run` show
//! the same, in a pipe and on a terminal, whatever the line holds.

use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::pty::Terminal;
use crate::world::World;

/// A broken file of every form.
fn broken() -> World {
    let world = World::new();
    world.file("project/.ai/rye.toml", "[limits]\nqueue = -1\n");
    world.tool("block.sh", "#!/bin/sh\n# /// rye\n# [parameters.n]\n# type = \"int\"\n# ///\n");
    world.tool(
        "command.toml",
        "executor_id = \"subprocess\"\n[config]\nargs = [\"{word}\"]\ncomand = \"sh\"\n",
    );
    world.tool("keys.toml", "executor_id = \"subprocess\"\nbanana = 1\n");
    world.tool("literals.py", "__tool_type__ = \"python\"\n__version__ = get()\ndef main(): pass\n");
    world.tool(
        "runtimes/odd.toml",
        "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n[env_config.i]\ntype = \"binry\"\n",
    );
    world.tool("syntax.toml", "executor_id = \"subprocess\"\nx = \n");
    world
}

const BROKEN: &str = r#".ai/rye.toml:2:9: error: `queue` is not a positive integer
   2 | queue = -1
     |         ^^
.ai/tools/block.sh:4:10: error: unknown type `int`
   4 | # type = "int"
     |          ^^^^^
    hint: did you mean `integer`?
.ai/tools/command.toml:3:9: error: `{word}` is neither a parameter nor built in
   3 | args = ["{word}"]
     |         ^^^^^^^^
    hint: declare `[parameters.word]`; a literal brace is `{{`
.ai/tools/command.toml:4:10: error: `comand` is not an option of `subprocess`
   4 | comand = "sh"
     |          ^^^^
    hint: did you mean `command`?
.ai/tools/keys.toml:2:1: error: `banana` is not a known key
   2 | banana = 1
     | ^^^^^^
    hint: known here: `version`, `tool_type`, `executor_id`, `category`, `description`, `pass_env`, `env_config`, `config`, `call`, `title`, `hidden`, `parameters`, `input_schema`, `output_schema`, `annotations`, `tags`, `limits`
.ai/tools/literals.py:2:15: error: the value of `__version__` is computed
   2 | __version__ = get()
     |               ^^^
    hint: write a literal: the file is read without being run
.ai/tools/runtimes/odd.toml:4:8: error: `type` cannot be `binry`
   4 | type = "binry"
     |        ^^^^^^^
    hint: did you mean `binary`? Known are `venv_python`, `venv_node`, `binary`, `http_config`
.ai/tools/syntax.toml:2:5: error: string values must be quoted, expected literal string
   2 | x =
     |     ^
.ai/tools/command.toml:1:1: note: the tool has no description, and a model chooses tools by it
    hint: add `description = "…"`, or a docstring to its function
1 tool, 8 problems
"#;

#[test]
fn a_broken_file_of_every_form_is_shown_with_its_line_and_a_mark() {
    let world = broken();
    let ran = world.rye(["check"]).run();
    assert_eq!((ran.code, ran.stdout().as_str(), ran.stderr().as_str()), (Some(1), BROKEN, ""));
}

#[test]
fn a_run_shows_a_broken_file_as_check_does() {
    let world = broken();
    std::fs::remove_file(world.project().join(".ai/rye.toml")).unwrap();
    let ran = world.rye(["run", "block"]).run();
    let expected = "error: the metadata of `block` is wrong\n  .ai/tools/block.sh:4:10: unknown type `int`\n   \
        4 | # type = \"int\"\n     |          ^^^^^\n    hint: did you mean `integer`?\n";
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(125), expected));
    let outcome = world.outcome(["block"]);
    assert_eq!(outcome["error"]["causes"], json!([".ai/tools/block.sh:4:10: unknown type `int`"]));
    assert_eq!(outcome["error"]["hints"], json!(["did you mean `integer`?"]));
    assert_eq!(outcome["error"].get("problems"), None);
}

#[test]
fn on_a_terminal_lines_fit_and_the_mark_is_in_colour() {
    let world = broken();
    let tool = format!("executor_id = \"subprocess\"\n# {}\nx{} = 1\n", "文".repeat(99), "y".repeat(200));
    world.tool("long.toml", tool);
    let ran = Terminal::start(world.rye(["check"]).env("TERM", "xterm").command()).end();
    let screen = ran.stderr();
    assert!(screen.contains("\u{1b}[1;31m^^^^^\u{1b}[0m"), "{screen}");
    let plain = Terminal::start(world.rye(["check"]).env("NO_COLOR", "1").command()).end().stderr();
    assert!(!plain.contains('\u{1b}'), "{plain}");
    // A single word of two hundred characters is the terminal's to break.
    for line in plain.lines().filter(|line| !line.starts_with(".ai/tools/long.toml")) {
        assert!(line.chars().count() <= 80, "{line:?}");
    }
    assert!(plain.contains(&format!("   3 | x{}…\r\n", "y".repeat(71))), "{plain}");
}

#[test]
fn what_a_line_holds_moves_nothing_on_the_screen() {
    let world = World::new();
    world.tool("a.toml", "executor_id = \"subprocess\"\n\t\u{202e}文件 = \"\u{7f}\"\n");
    world.tool("b.py", "__tool_type__ = \"x\"\ntags = 1; __version__ = f('\u{1b}[2J\u{7}\r')\n");
    let ran = world.rye(["check"]).run();
    let text = ran.stdout();
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.contains('\u{202e}'), "{text:?}");
    assert!(text.contains("   2 |     \\u{202e}文件 = \"…\"\n"), "{text}");
    assert!(text.contains(" __version__ = f('…')\n"), "{text}");
}

#[test]
fn no_name_and_no_message_makes_a_line_of_its_own() {
    let world = World::new();
    world.tool("x\nerror: pwned.sh", "# /// rye\n# zzz = 1\n# ///\n");
    world.tool("same\nerror: pwned/a.sh", "echo\n");
    world.tool("same\nerror: pwned/a.bash", "echo\n");
    world.tool(
        "runtimes/odd.toml",
        "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n[config]\ncommand = \"${ODD}\"\n\
         [env_config.i]\ntype = \"binary\"\nvar = \"ODD\"\nsearch = [\"system\"]\nnames = [\"no-such\"]\n\
         install = \"x\\nerror: pwned\"\n",
    );
    world.tool("odd.toml", "executor_id = \"odd\"\n");
    for words in [["check"].as_slice(), &["list"], &["runtimes"], &["doctor"], &["run", "odd"]] {
        let ran = world.rye(words).run();
        let text = ran.stdout() + &ran.stderr();
        assert!(text.contains("pwned"), "{words:?}: {text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("error: pwned")), "{words:?}: {text}");
    }
}

#[test]
fn lines_keep_to_the_width_of_the_screen_that_shows_them() {
    let world = broken();
    world.tool("same.sh", "echo\n");
    world.tool("same.py", "print()\n");
    world.tool("runtimes/claims.toml", "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\nextensions = [\"aaaaaaaaaa\", \"bbbbbbbbbb\", \"cccccccccc\"]\n");
    for words in ["check", "runtimes", "doctor"] {
        let call = world.rye([words]).env("NO_COLOR", "1");
        let screen = Terminal::start_wide(call.command(), 60).end().stderr();
        for line in screen.lines() {
            assert!(line.trim_end_matches('\r').width() <= 60, "{words}: {line:?}\n{screen}");
        }
    }
    // Standard output is a pipe here, and says nothing about the screen.
    std::fs::remove_file(world.project().join(".ai/rye.toml")).unwrap();
    let call = world.rye(["run", "keys"]).env("NO_COLOR", "1");
    let screen = Terminal::start_piped(call.command()).end().stderr();
    assert!(
        screen.contains("known here") && screen.lines().all(|line| line.trim_end().width() <= 80),
        "{screen}"
    );
}

#[test]
fn a_line_that_may_hold_a_secret_is_not_shown() {
    let world = World::new();
    world.tool("t.sh", "echo\n");
    world.file("project/.ai/rye.toml", "proxy = \"http://me:s3cret@proxy:8080\" x\n");
    for words in [["check"].as_slice(), &["run", "t"]] {
        let ran = world.rye(words).run();
        let text = ran.stdout() + &ran.stderr();
        assert!(text.contains(".ai/rye.toml:1:") && !text.contains("s3cret"), "{text}");
    }
    std::fs::remove_file(world.project().join(".ai/rye.toml")).unwrap();
    world.tool("t.sh", "# /// rye\n# pass_env = [\"*\"]\n# ///\n");
    world.file("project/.env", "A=1\nTOKEN s3cret\n");
    let ran = world.rye(["run", "t"]).run();
    assert!(ran.stderr().contains(".env:2:1") && !ran.stderr().contains("s3cret"), "{}", ran.stderr());
    world.tool(
        "header.toml",
        "executor_id = \"http_client\"\nheders = { Authorization = \"Bearer s3cret\" } # s3cret\n",
    );
    world.tool("key.py", "__tool_type__ = \"x\"\n__version__ = f(api_key=\"sk-s3cret\")\n");
    world.tool("lines.toml", "x = \"\"\"\nhttps\\: s3cret\"\"\"\n");
    let text = world.rye(["check"]).run().stdout() + &world.rye(["run", "header"]).run().stderr();
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(
        text.matches("   2 | heders = { Authorization = \"…\" } #…\n     | ^^^^^^\n").count(),
        2,
        "{text}"
    );
    assert!(text.contains("   2 | __version__ = f(api_key=\"…\")\n     |               ^\n"), "{text}");
    assert!(text.contains("lines.toml:2:"), "{text}");
}

#[test]
fn a_whole_file_has_no_line_to_show() {
    let world = World::new();
    world.tool("same.sh", "echo\n");
    world.tool("same.py", "print()\n");
    let text = world.rye(["check"]).run().stdout();
    assert!(text.contains("1:1: error: 2 files have the id `same`\n") && !text.contains(" | "), "{text}");
}

#[test]
fn nothing_is_shown_of_a_file_that_was_refused() {
    let world = World::new();
    let secret = world.root().join("secret.txt");
    std::fs::write(&secret, "a s3cret\n= s3cret\n").unwrap();
    world.tool("fine.sh", "echo\n");
    std::os::unix::fs::symlink(&secret, world.project().join(".ai/tools/leak.py")).unwrap();
    let text = world.rye(["check"]).run().stdout();
    assert!(text.contains("a symbolic link leads out") && !text.contains("s3cret"), "{text}");
    // A linked `rye.toml` is read, and may be anything.
    std::os::unix::fs::symlink(&secret, world.project().join(".ai/rye.toml")).unwrap();
    let text = world.rye(["check"]).run().stdout();
    assert!(text.contains(".ai/rye.toml:1:") && !text.contains("s3cret"), "{text}");
}

#[test]
fn notes_tell_what_other_programs_refuse_and_fail_nothing() {
    let world = World::new();
    world.tool(
        "a/b.sh",
        "# /// rye\n# description = \"d\"\n# [parameters.'größe']\n# required = true\n# ///\n",
    );
    world.tool("a_b.sh", "# /// rye\n# description = \"d\"\n# ///\n");
    world.tool("hidden.sh", "# /// rye\n# hidden = true\n# ///\n");
    world.tool(
        "one.toml",
        "executor_id = \"subprocess\"\nconfig.command = \"ls\"\ndescription = \"d\"\n[[input_schema.oneOf]]\nrequired = [\"a\"]\nproperties.a = {}\n",
    );
    let ran = world.rye(["--json", "check"]).run();
    assert_eq!((ran.code, &ran.json()["problems"]), (Some(0), &json!([])));
    let data = ran.json();
    let told: Vec<_> = data["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| (note["place"].as_str().unwrap(), note["message"].as_str().unwrap()))
        .collect();
    let expected = [
        (".ai/tools/a/b.sh:1:1", "the parameter name `größe` is refused by Anthropic"),
        (".ai/tools/a/b.sh:1:1", "`a/b` would have the name `a_b`"),
        (".ai/tools/a_b.sh:1:1", "`a_b` would have the name `a_b`"),
        (".ai/tools/one.toml:1:1", "`oneOf` at the top of the input schema"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (place, begins) in expected {
        assert!(
            told.iter().any(|(at, message)| *at == place && message.starts_with(begins)),
            "{begins}: {told:#?}"
        );
    }
}
