//! What a person sees: `list`, `search`, `show` and `explain` on terminals of 80 and 200 columns, with colours and
//! without. `INSTA_UPDATE=always` writes the screens anew.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use crate::pty::Terminal;
use crate::world::World;

/// Tools of every kind of line: long and short, wide, hostile, broken, nested.
fn shop() -> World {
    let world = World::new();
    world.tool(
        "mail/send.py",
        "def main(to: str, text: str, urgent: bool = False, copies: list[str] | None = None,\n         \
         tone: str = 'warm', delay: float = 0.0, retries: int = 3) -> dict:\n    \
         \"\"\"Send a message to somebody, at once or when it is time, and tell what came of it.\n\n    \
         The second paragraph is for those who look.\n\n    Args:\n        to: who gets it\n        text: what it says\n    \
         \"\"\"\n    return {}\n",
    );
    world.tool(
        "mail/archive.sh",
        "# /// rye\n# description = \"Archive\"\n# tags = [\"mail\", \"old\"]\n# ///\n",
    );
    world.tool("broken.toml", "executor_id = \"subprocess\"\nbanana = 1\n");
    world.tool("hostile.sh", "# /// rye\n# description = \"\\u001b[31mred\\u202eRTL\\u0007\\ttab\"\n# ///\n");
    world.tool("wide.sh", format!("# /// rye\n# description = \"{}\"\n# ///\n", "文件搜索".repeat(20)));
    world.tool("reports/yearly/a_name_that_is_longer_than_any_column_has_room_for_it.sh", "true\n");
    world.tool("reports/sum.sh", "# /// rye\n# title = \"Sum\"\n# description = \"Not shown\"\n# ///\n");
    world.program("project/bin/count", "#!/bin/sh\n");
    world.tool(
        "reports/count.toml",
        "executor_id = \"subprocess\"\n[config]\ncommand = \"bin/count\"\nargs = [\"--all\"]\n",
    );
    world.user_tool("mine.sh", "# /// rye\n# description = \"Mine\"\n# ///\n");
    world.program("home/.venv/bin/python3", "#!/bin/sh\n");
    world
}

/// The screen after a command, its own lines, with what differs from run to run made the same.
fn screen(world: &World, columns: u16, colors: bool, words: &[&str]) -> String {
    let call = world.rye(words).env("PATH", "/usr/bin:/bin").env("SECRET", "x").env("LC_ALL", "C.UTF-8");
    let call = call.env("TERM", "xterm");
    let call = if colors { call } else { call.env("NO_COLOR", "1") };
    let ran = Terminal::start_wide(call.command(), columns).end();
    let text = ran.stderr().replace("\r\n", "\n").replace(&world.root().display().to_string(), "/tmp/world");
    // The one name that the two differ in.
    let text = text.replace(" NO_COLOR", "");
    ["sha256 ", "RYE_RUN_ID=", "… (", ".toml:"].iter().fold(text, |text, after| hidden(&text, after))
}

/// A text with the letters and digits after a word made the same.
fn hidden(text: &str, after: &str) -> String {
    let mut parts = text.split(after);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(part.len());
        out.push_str(&format!("{after}{}{}", "-".repeat(end), &part[end..]));
    }
    out
}

const COMMANDS: [(&str, &[&str]); 6] = [
    ("list", &["list"]),
    ("list_all", &["list", "--all", "mail"]),
    ("search", &["search", "mail"]),
    ("show", &["show", "mail/send"]),
    (
        "explain",
        &["explain", "--env", "SECRET", "mail/send", "--to", "Ada", "--text", "a long text that says more"],
    ),
    ("explain_command", &["explain", "reports/count"]),
];

#[test]
fn screens_keep_to_their_width() {
    let world = shop();
    for (name, words) in COMMANDS {
        for columns in [80, 200] {
            let text = screen(&world, columns, false, words);
            for line in text.lines() {
                assert!(line.width() <= columns.into(), "{} columns in {name}: {line}", line.width());
                assert_eq!(line, line.trim_end(), "{name}");
            }
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text}");
            insta::assert_snapshot!(format!("{name}_{columns}"), text);
        }
    }
}

#[test]
fn colors_are_those_that_show_on_light_and_dark_alike() {
    let world = shop();
    for (name, words) in COMMANDS {
        let colored = screen(&world, 200, true, words);
        let codes: BTreeSet<_> =
            colored.split('\x1b').skip(1).map(|part| part.split_once('m').unwrap().0).collect();
        assert!(codes.contains("[1") && codes.contains("[0"), "{name}: {codes:?}");
        assert!(codes.is_subset(&["[0", "[1", "[2", "[1;31", "[1;32", "[33"].into()), "{name}: {codes:?}");
        let mut bare = String::new();
        for part in colored.split('\x1b') {
            bare.push_str(part.strip_prefix('[').map_or(part, |part| part.split_once('m').unwrap().1));
        }
        assert_eq!(bare, screen(&world, 200, false, words), "{name}: colours change nothing else");
    }
}

#[test]
fn a_pipe_gets_whole_lines() {
    let world = shop();
    let listed = world.rye(["list"]).run().ok();
    assert!(listed.contains(&"文件搜索".repeat(20)) && listed.contains("  mail/send "), "{listed}");
    let long =
        "to:str text:str [urgent:bool] [copies:list[str]|null] [tone:str] [delay:number] [retries:int]  Send";
    assert!(listed.contains(long), "{listed}");
    assert!(!listed.contains('\x1b') && !listed.contains('\u{202e}'), "{listed}");
}
