//! `rye search` finds tools by words, the best first, and executes nothing. How hits are ranked is tested beside the
//! ranking.

use serde_json::{Value, json};

use crate::world::World;

fn shop() -> World {
    let world = World::new();
    let described = |text: &str| format!("{}# /// rye\n{text}# ///\n", world.marking());
    world.tool("mail/send.sh", described("# description = \"Send a message\"\n# tags = [\"post\"]\n"));
    world.tool("mail/archive.sh", described("# title = \"Keep messages\"\n"));
    world.tool(
        "billing/invoice.sh",
        described("# [parameters.customer]\n# type = \"string\"\n# description = \"who pays\"\n"),
    );
    world.tool("secret.sh", described("# hidden = true\n# description = \"send\"\n"));
    world.tool("send_broken.toml", "executor_id = 1\n");
    world.user_tool("mail/send.sh", "# /// rye\n# description = \"Send as I do\"\n# ///\n");
    world.user_tool("mine.sh", "# /// rye\n# description = \"Sends, too\"\n# ///\n");
    world
}

fn ids(found: &Value) -> Vec<&str> {
    found.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[test]
fn words_need_not_stand_in_one_field() {
    let world = shop();
    for (words, expected) in [
        (["message", "post"].as_slice(), ["mail/send"].as_slice()),
        (&["keep mail"], &["mail/archive"]),
        (&["billing", "pays"], &["billing/invoice"]),
        (&["customer"], &["billing/invoice"]),
        (&["mesage"], &["mail/send", "mail/archive"]),
        // Neither the hidden nor the shadowed; the broken by its name, the user's after the project's.
        (&["send"], &["mail/send", "send_broken", "mine"]),
        (&["send", "--limit", "1"], &["mail/send"]),
    ] {
        let found = world.rye([&["--json", "search"], words].concat()).run();
        assert_eq!((ids(&found.json()), found.code), (expected.to_vec(), Some(0)), "{words:?}");
    }
    assert!(!world.ran());
}

#[test]
fn hits_as_data_are_rows_with_their_score() {
    let world = shop();
    let found = world.rye(["search", "--json", "send"]).run().json();
    let listed = world.rye(["list", "--json"]).run().json();
    let score = |number: usize| found[number]["score"].as_u64().unwrap();
    assert!(score(0) > score(1) && score(1) > score(2), "{found:#}");
    assert_eq!(found[0]["matched"], json!(["id", "description"]));
    assert_eq!(found[1]["problem"]["code"], "invalid_metadata");
    let row = listed.as_array().unwrap().iter().find(|row| row["id"] == "mail/send").unwrap();
    for (key, value) in row.as_object().unwrap() {
        assert_eq!(&found[0][key], value, "{key}");
    }
}

#[test]
fn people_see_lines_and_what_was_left_out() {
    let world = shop();
    let found = world.rye(["search", "send", "--limit", "2"]).run();
    assert_eq!(
        found.ok(),
        "  mail/send    [args:list[str]]  Send a message\n  send_broken  invalid_metadata .ai/tools/send_broken.toml:1:15: \
         `executor_id` is an integer where a string is wanted\n"
    );
    assert_eq!(found.stderr(), "note: 2 of 3 shown; `--limit 3` shows them all\n");
    let near = world.rye(["search", "mesage"]).run();
    assert_eq!(near.stderr(), "note: nothing matches as written; these are near\n");
}

#[test]
fn nothing_found_is_exit_code_1_as_with_grep() {
    let world = shop();
    let found = world.rye(["search", "zebra", "send"]).run();
    found.fails(
        1,
        &["note: nothing is like `zebra`\n", "hint: use fewer words; `rye list` shows all 5 tools\n"],
    );
    assert_eq!(found.stdout(), "");
    world
        .rye(["search", "invoice", "archive"])
        .run()
        .fails(1, &["note: no tool matches all of these words\n"]);
    let found = world.rye(["--json", "search", "zebra"]).run();
    assert_eq!((found.json(), found.code, found.stderr()), (json!([]), Some(1), String::new()));
    World::new().rye(["search", "x"]).run().fails(1, &["there are no tools yet"]);
    assert_eq!(world.rye(["search"]).run().code, Some(2));
}
