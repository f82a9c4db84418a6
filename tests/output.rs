//! What a tool prints: counted exactly, kept in bounded memory, and read as what was declared.

use std::io::Read;
use std::process::Stdio;

use rye_executor::{Config, RunEvent};
use serde_json::{Value, json};

use crate::library::{block_on, executor, start};
use crate::mcp_peer::Peer;
use crate::roster::{command_tool, habit_tool};
use crate::world::{World, have};

const MEBIBYTE: u64 = 1 << 20;
/// The most memory that rye may take, whatever a tool prints.
const MOST_MEMORY: u64 = 24 << 10;

/// A command tool that prints a text without its `printf` escapes; the braces are no placeholders.
fn printing(world: &World, text: &str, output: &str) {
    let script = format!("printf '{}'", text.replace('{', "{{").replace('}', "}}"));
    command_tool(world, "print", &["/bin/sh", "-c", &script], &format!("[call]\noutput = \"{output}\""));
}

#[test]
fn output_is_read_as_declared() {
    let rows = [
        // Declared, printed, data.
        ("auto", r#"{"a": [1, 2.50]}\n"#, json!({ "a": [1, 2.50] })),
        ("auto", "  [1]  \\n\\n", json!([1])),
        ("auto", "", json!("")),
        ("auto", "12\\n", json!("12\n")),
        ("auto", "\"text\"", json!("\"text\"")),
        ("auto", "null", json!("null")),
        ("auto", "{\"a\": 1} and more", json!("{\"a\": 1} and more")),
        ("auto", "log line\\n{\"a\": 1}\\n", json!("log line\n{\"a\": 1}\n")),
        ("auto", "{\"a\": 1}\\n{\"a\": 2}\\n", json!("{\"a\": 1}\n{\"a\": 2}\n")),
        ("auto", "[1, NaN]", json!("[1, NaN]")),
        ("auto", "{broken", json!("{broken")),
        ("text", "{\"a\": 1}\\n", json!("{\"a\": 1}\n")),
        ("json", "12\\n", json!(12)),
        ("json", "\"text\"", json!("text")),
        ("json", "[1]\\n", json!([1])),
        ("json", "null\\n", Value::Null),
        ("json", "123456789012345678901234567890", json!("a big one")),
    ];
    let world = World::new();
    for (output, text, data) in rows {
        printing(&world, text, output);
        let ran = world.rye(["--json", "run", "print"]).run();
        ran.ok();
        if data == "a big one" {
            assert!(ran.stdout().contains("\"data\":123456789012345678901234567890,"), "{}", ran.stdout());
            continue;
        }
        let outcome = ran.json();
        assert_eq!(outcome["data"], data, "{output}: {text}");
        assert_eq!(outcome["success"], true);
        assert_eq!(outcome["error"], Value::Null);
    }
}

#[test]
fn output_that_breaks_its_promise_is_an_error_that_shows_it() {
    let world = World::new();
    for text in
        ["", "junk", "{\"a\": 1} and more", "[1, NaN]", "{\"a\": 1}\\n{\"a\": 2}\\n", "\\\\377", "{broken"]
    {
        printing(&world, text, "json");
        let ran = world.rye(["--json", "run", "print"]).run();
        assert_eq!(ran.code, Some(1), "{text}");
        let outcome = ran.json();
        assert_eq!(outcome["error"]["code"], "invalid_output", "{text}");
        assert!(outcome["error"]["hints"][0].as_str().unwrap().contains("output = \"text\""), "{outcome}");
        assert_eq!(outcome["data"], outcome["stdout"], "{text}");
        assert_eq!(outcome["ending"], json!({ "kind": "exited", "code": 0 }));
        assert_eq!(outcome["success"], false);
    }
    // A person has seen it all: there is nothing to read.
    assert_eq!(world.rye(["run", "print"]).run().ok(), "{broken");
}

#[test]
fn a_promise_is_held_where_the_output_is_read() {
    let world = World::new();
    let promise = "[call]\noutput = \"json\"\n[output_schema]\ntype = \"integer\"";
    command_tool(&world, "print", &["/bin/sh", "-c", "printf junk"], promise);
    world.rye(["--json", "run", "print"]).run().refuses(1, "invalid_output", "is not JSON", "print one JSON");
    // Without `--json` the caller has the output, and nobody has read it.
    assert_eq!(world.rye(["run", "print"]).run().ok(), "junk");
    if have("python3") {
        let tool =
            "# /// rye\n# [output_schema]\n# type = \"integer\"\n# ///\ndef main():\n    return 'junk'\n";
        world.tool("junk.py", tool);
        world.rye(["run", "junk"]).run().fails(1, &["does not fit its `output_schema`"]);
    }
}

#[test]
fn a_tool_that_failed_need_not_have_kept_its_promise() {
    let world = World::new();
    command_tool(&world, "fail", &["/bin/sh", "-c", "echo usage; exit 9"], "[call]\noutput = \"json\"");
    let ran = world.rye(["--json", "run", "fail"]).run();
    assert_eq!(ran.code, Some(9));
    assert_eq!(ran.json()["error"]["code"], "tool_failed");
    assert_eq!(ran.json()["data"], "usage\n");
}

#[test]
fn the_streams_are_told_apart_and_counted_exactly() {
    let world = World::new();
    command_tool(&world, "both", &["/bin/sh", "-c", "printf 'a\\377b'; printf 'äe' >&2"], "");
    let outcome = world.outcome(["both"]);
    assert_eq!(outcome["stdout"], "a\u{FFFD}b");
    assert_eq!(outcome["stdout_bytes"], 3);
    assert_eq!(outcome["stderr"], "äe");
    assert_eq!(outcome["stderr_bytes"], 3);

    let ran = world.rye(["run", "both"]).run();
    assert_eq!(ran.stdout, b"a\xFFb");
    assert_eq!(ran.stderr, "äe".as_bytes());
}

#[test]
fn two_floods_at_once_hold_neither_up() {
    let world = World::new();
    habit_tool(&world, "pour", &["pour-both", "8"], "");
    let outcome = world.outcome(["pour"]);
    assert_eq!(outcome["success"], true);
    assert_eq!(outcome["stdout_bytes"], 8 * MEBIBYTE);
    assert_eq!(outcome["stderr_bytes"], 8 * MEBIBYTE);
    let left_out = format!("[... {} bytes left out ...]", 7 * MEBIBYTE);
    for stream in ["stdout", "stderr"] {
        assert!(outcome[stream].as_str().unwrap().contains(&left_out), "{stream}");
    }
}

#[test]
fn head_and_tail_are_kept_and_the_rest_is_counted() {
    let world = World::new();
    let script = "i=0; while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); done";
    command_tool(&world, "lines", &["/bin/sh", "-c", script], "max_output = 100");
    let outcome = world.outcome(["lines"]);
    let text = outcome["stdout"].as_str().unwrap();
    assert_eq!(outcome["stdout_bytes"], 8890);
    assert!(text.starts_with("line 0\nline 1\n"), "{text}");
    assert!(text.ends_with("line 998\nline 999\n"), "{text}");
    assert!(text.contains("\n[... 8790 bytes left out ...]\n"), "{text}");
    assert_eq!(outcome["data"], outcome["stdout"]);

    // What is cut cannot be read as JSON: an error where it was promised, text where it was not.
    for (output, code) in [("json", Some("output_limit")), ("auto", None)] {
        let config = format!("max_output = 100\n[call]\noutput = \"{output}\"");
        command_tool(&world, "array", &["/bin/sh", "-c", "printf '[%0500d]' 1"], &config);
        let outcome = world.outcome(["array"]);
        assert_eq!(outcome["error"]["code"].as_str(), code, "{outcome}");
        if code.is_some() {
            assert!(outcome["error"]["hints"][0].as_str().unwrap().contains("max_output"), "{outcome}");
        }
    }
}

#[test]
fn a_flood_takes_no_memory_whatever_it_is_of() {
    for kind in ["lines", "line", "bytes"] {
        let world = World::new();
        let peak = world.root().join("peak");
        habit_tool(&world, "flood", &["flood", "256", kind, peak.to_str().unwrap()], "");

        // While rye is held up in printing its result, it has made all of it and is still there to be measured.
        let mut command = world.rye(["--json", "run", "flood"]).command();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut text = vec![0];
        stdout.read_exact(&mut text).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        stdout.read_to_end(&mut text).unwrap();
        assert_eq!(crate::live::wait(child).code(), Some(0));
        let outcome: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(outcome["stdout_bytes"], 256 * MEBIBYTE);
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let most: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(most <= MOST_MEMORY, "{kind}: {most} KiB");
    }
}

/// The seconds of CPU time of a process, and of the children that it has waited for.
fn cpu_time(id: i32) -> (f64, f64) {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let ticks: Vec<u32> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .skip(12)
        .take(4)
        .map(|n| n.parse().unwrap())
        .collect();
    let seconds = |of: &[u32]| f64::from(of.iter().sum::<u32>()) / 100.0;
    (seconds(&ticks[..2]), seconds(&ticks[2..]))
}

#[test]
fn a_byte_at_a_time_costs_little_more_than_writing_it() {
    const BYTES: u64 = 400_000;
    let world = World::new();
    habit_tool(&world, "drip", &["drip", &BYTES.to_string()], "");
    let mut peer = Peer::session(&world, "2025-11-25");
    let id = peer.id().as_raw_nonzero().get();
    let before = cpu_time(id);
    let result = peer.call("drip", json!({}));
    let after = cpu_time(id);
    assert_eq!(result["isError"], false);
    let (rye, tool) = (after.0 - before.0, after.1 - before.1);
    // Whatever wakes it, rye reads no oftener than the tool writes.
    assert!(rye <= 4.0 * tool + 0.5, "{rye} s beside {tool} s of the tool");
    let outcome = world.outcome(["drip"]);
    assert_eq!(outcome["stdout_bytes"], BYTES);
    assert_eq!(outcome["artifacts"][0]["bytes"], BYTES);
}

#[test]
fn single_bytes_are_joined_for_a_reader_who_comes_late() {
    const BYTES: usize = 200_000;
    let world = World::new();
    let written = world.root().join("written");
    let script = format!("{} drip {BYTES}; : > {}", crate::world::misbehave(), written.display());
    command_tool(&world, "drip", &["/bin/sh", "-c", &script], "");
    let executor = executor(&world, Config::default());
    block_on(async {
        let mut run = start(&executor, "drip");
        while !written.exists() {
            tokio::task::yield_now().await;
        }
        let (mut events, mut bytes) = (0, 0);
        while let Some(event) = run.next_event().await {
            let RunEvent::Stdout(piece) = event else { panic!("{event:?}") };
            (events, bytes) = (events + 1, bytes + piece.len());
        }
        assert_eq!(bytes, BYTES);
        assert!(events <= 10, "{events}");
        assert!(run.outcome().await.unwrap().success);
    });
}

#[test]
fn single_bytes_are_few_events_for_a_reader_who_is_always_there() {
    const BYTES: usize = 1_000_000;
    let world = World::new();
    habit_tool(&world, "drip", &["drip", &BYTES.to_string()], "");
    let executor = executor(&world, Config::default());
    block_on(async {
        let begin = std::time::Instant::now();
        let mut run = start(&executor, "drip");
        let (mut events, mut bytes, mut full) = (0, 0, 0);
        while let Some(event) = run.next_event().await {
            let RunEvent::Stdout(piece) = event else { panic!("{event:?}") };
            (events, bytes) = (events + 1, bytes + piece.len());
            full += usize::from(piece.len() >= 64 << 10);
        }
        assert_eq!(bytes, BYTES);
        // A thousand before there are pauses: at the beginning, after each full pipe, at the end. Then one in a millisecond.
        let paced = usize::try_from(begin.elapsed().as_millis()).unwrap();
        let most = 1000 * (2 + full) + BYTES / 256 + paced;
        assert!(events <= most, "{events} of {most}");
        assert!(run.outcome().await.unwrap().success);
    });
}

#[test]
fn an_attached_flood_goes_past_rye() {
    let world = World::new();
    let peak = world.root().join("peak");
    habit_tool(&world, "flood", &["flood", "256", "line", peak.to_str().unwrap()], "");
    let mut command = world.rye(["run", "flood"]).command();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let total = std::io::copy(&mut child.stdout.take().unwrap(), &mut std::io::sink()).unwrap();
    assert_eq!(crate::live::wait(child).code(), Some(0));
    assert_eq!(total, 256 * MEBIBYTE);
    let most: u64 = std::fs::read_to_string(peak).unwrap().parse().unwrap();
    assert!((1..=MOST_MEMORY).contains(&most), "{most} KiB");
}

#[test]
fn a_tool_that_closes_its_output_still_ends_in_its_own_way() {
    let world = World::new();
    command_tool(&world, "close", &["/bin/sh", "-c", "echo first; exec 1>&- 2>&-; exit 3"], "");
    let ran = world.rye(["--json", "run", "close"]).run();
    assert_eq!(ran.code, Some(3));
    assert_eq!(ran.json()["stdout"], "first\n");
    assert_eq!(world.rye(["run", "close"]).run().code, Some(3));
}

#[test]
fn a_reader_that_goes_away_ends_the_pipeline_quietly() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    command_tool(&world, "endless", &["/bin/sh", "-c", "while :; do echo line; done"], "");
    habit_tool(&world, "flood", &["flood", "8", "line"], "");
    for (line, code) in
        [("run endless | head -1", 141), ("--json run flood | head -c 1", 0), ("list | head -0", 0)]
    {
        let script = format!("\"$0\" {line} >/dev/null; echo ${{PIPESTATUS[0]}}");
        let mut command = world.rye(["x"]).command();
        let environment: Vec<_> =
            command.get_envs().map(|(n, v)| (n.to_owned(), v.unwrap().to_owned())).collect();
        command = std::process::Command::new("bash");
        command.args(["-c", &script]).arg(crate::world::rye());
        command.env_clear().envs(environment).current_dir(world.project());
        let ran = crate::live::Live::start(command).end();
        assert_eq!(ran.stdout(), format!("{code}\n"), "{line}");
        assert_eq!(ran.stderr(), "", "{line}");
    }
}
