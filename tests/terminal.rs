//! A person at a terminal: the tool has it as if it had been started without rye, and Ctrl-C ends it.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::pty::{CONTROL_C, Terminal, hang_up};
use crate::roster::{Gate, Roster, command_tool, habit_tool};
use crate::world::{World, have};

const FAMILY: usize = 5;

#[test]
fn a_tool_has_the_terminal() {
    if !have("bash") {
        return;
    }
    let world = World::new();
    let script = "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all three\necho typed >/dev/tty\nps -o tpgid=,pgid= -p $$ >/dev/null\necho x | grep --color=auto x\nread -r -p 'who? ' name && echo \"hello $name\"\n";
    world.tool("look.sh", script);
    let mut terminal = Terminal::start(world.rye(["run", "look"]).env("TERM", "xterm").command());
    terminal.screen.wait_for("all three\r\n");
    terminal.screen.wait_for("typed\r\n");
    terminal.screen.wait_for("\x1b[");
    terminal.screen.wait_for("who? ");
    terminal.write("Ada\n");
    terminal.screen.wait_for("hello Ada\r\n");
    assert_eq!(terminal.end().code, Some(0));
}

#[test]
fn a_function_can_ask() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("ask.py", "def main():\n    return 'hello ' + input('who? ')\n");
    let mut terminal = Terminal::start(world.rye(["run", "ask"]).command());
    terminal.screen.wait_for("who? ");
    terminal.write("Ada\n");
    terminal.screen.wait_for("hello Ada\r\n");
    assert_eq!(terminal.end().code, Some(0));

    // The prompt does not get into a pipe.
    let mut terminal = Terminal::start_piped(world.rye(["run", "ask"]).command());
    terminal.screen.wait_for("who? ");
    terminal.write("Ada\n");
    assert_eq!(terminal.end().stdout(), "hello Ada\n");
}

#[test]
fn a_function_can_be_debugged() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("bug.py", "def main(n: int):\n    m = n + 1\n    breakpoint()\n    return m\n");
    let mut terminal = Terminal::start(world.rye(["run", "bug", "41"]).command());
    terminal.screen.wait_for("(Pdb) ");
    terminal.write("p 'm is', m\n");
    terminal.screen.wait_for("('m is', 42)");
    terminal.screen.wait_for("(Pdb) ");
    terminal.write("c\n");
    terminal.screen.wait_for("42\r\n");
    assert_eq!(terminal.end().code, Some(0));
}

#[test]
fn captured_tools_have_no_terminal() {
    let world = World::new();
    let script = "read -r line; if (: </dev/tty) 2>/dev/null; then echo tty; else echo none; fi; [ -t 0 ] || echo \"no input\"";
    command_tool(&world, "look", &["/bin/sh", "-c", script], "");
    let terminal = Terminal::start_piped(world.rye(["--json", "run", "look"]).command());
    let ran = terminal.end();
    assert_eq!(ran.json()["data"], "none\nno input\n");
}

#[test]
fn control_c_ends_the_tool_and_rye_as_it_did() {
    let world = World::new();
    let roster = Roster::new(&world);
    command_tool(&world, "sleep", &["/bin/sh", "-c", "echo ready; exec sleep 1000"], "");
    habit_tool(&world, "family", &["family", roster.path()], "");
    for tool in ["sleep", "family"] {
        let mut terminal = Terminal::start(world.rye(["run", tool]).command());
        terminal.screen.wait_for("ready");
        if tool == "family" {
            // Of the whole family: each says it once on each stream.
            (0..2).for_each(|_| terminal.screen.wait_for("ready"));
            roster.wait_for(FAMILY);
        }
        terminal.write(CONTROL_C);
        let ran = terminal.end();
        // By the signal itself, so that a shell's loop ends too.
        assert_eq!((ran.code, ran.signal), (None, Some(2)), "{}", ran.stderr());
        assert!(!ran.stderr().contains("error"), "{}", ran.stderr());
    }
    roster.assert_gone(FAMILY);
}

#[test]
fn control_c_ends_a_python_function() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("wait.py", "import time\ndef main():\n    print('ready')\n    time.sleep(1000)\n");
    let mut terminal = Terminal::start(world.rye(["run", "wait"]).command());
    terminal.screen.wait_for("ready");
    terminal.write(CONTROL_C);
    let ran = terminal.end();
    assert_eq!((ran.code, ran.signal), (None, Some(2)), "{}", ran.stderr());
}

#[test]
fn control_c_reaches_a_tool_once_and_the_tool_decides() {
    let world = World::new();
    habit_tool(&world, "count", &["count-signals"], "");
    let mut terminal = Terminal::start(world.rye(["run", "count"]).command());
    terminal.screen.wait_for("ready");
    terminal.write(CONTROL_C);
    terminal.screen.wait_for("got 2");
    // This one rye passes on, after whatever it had to do about the other.
    terminal.signal_rye(Signal::QUIT);
    terminal.screen.wait_for("got 3");
    terminal.write("enough\n");
    terminal.screen.wait_for("signals: 2\r\n");
    let ran = terminal.end();
    assert_eq!((ran.code, ran.signal), (Some(0), None), "{}", ran.stderr());
}

#[test]
fn control_c_twice_ends_whom_it_does_not_impress() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path(), "deaf", "counting"], "grace = 1000");
    let mut terminal = Terminal::start(world.rye(["run", "family"]).command());
    roster.wait_for(FAMILY);
    // Of the children one each on standard error, and of itself.
    (0..FAMILY).for_each(|_| terminal.screen.wait_for("ready"));
    terminal.write(CONTROL_C);
    terminal.screen.wait_for("got 2");
    // When this one has been passed on, rye has seen the one before.
    terminal.signal_rye(Signal::QUIT);
    terminal.screen.wait_for("got 3");
    terminal.write(CONTROL_C);
    let ran = terminal.end();
    assert_eq!((ran.code, ran.signal), (Some(130), None), "{}", ran.stderr());
    roster.assert_gone(FAMILY);
}

#[test]
fn control_c_with_json_still_gives_one_outcome() {
    let world = World::new();
    let roster = Roster::new(&world);
    let mut gate = Gate::new(&world);
    let script = format!(
        "{} family {} & echo ready > {}; wait",
        crate::world::misbehave(),
        roster.path(),
        gate.path()
    );
    command_tool(&world, "wait", &["/bin/sh", "-c", &script], "");
    let mut terminal = Terminal::start_piped(world.rye(["--json", "run", "wait"]).command());
    gate.wait_for("ready");
    roster.wait_for(FAMILY);
    terminal.write(CONTROL_C);
    let ran = terminal.end();
    assert_eq!((ran.code, ran.signal), (Some(130), None), "{}", ran.stderr());
    let outcome: Value = ran.json();
    assert_eq!(outcome["ending"]["kind"], "stopped");
    assert_eq!(outcome["error"]["code"], "stopped");
    roster.assert_gone(FAMILY);
}

#[test]
fn a_terminal_that_goes_away_ends_the_run() {
    let world = World::new();
    let roster = Roster::new(&world);
    habit_tool(&world, "family", &["family", roster.path()], "");
    let status = hang_up(world.rye(["run", "family"]).command(), || roster.wait_for(FAMILY));
    assert_eq!(status.code(), Some(129));
    roster.assert_gone(FAMILY);
}

#[test]
fn default_limits_bind_only_where_nobody_watches() {
    let world = World::new();
    world.tool("free.sh", "echo\n");
    world.tool("bound.sh", "# /// rye\n# [config]\n# timeout = 7\n# ///\necho\n");
    let on_terminal = |words: &[&str]| {
        let ran = Terminal::start(world.rye(words).env("NO_COLOR", "1").command()).end();
        assert_eq!(ran.code, Some(0), "{}", ran.stderr());
        ran.stderr()
    };
    assert!(on_terminal(&["explain", "free"]).contains("timeout none, "));
    assert!(on_terminal(&["explain", "bound"]).contains("timeout 7 s (tool), "));
    assert!(on_terminal(&["explain", "--timeout", "9", "bound"]).contains("timeout 9 s (call), "));
    // One descriptor that is a terminal is enough.
    let piped = Terminal::start_piped(world.rye(["explain", "free"]).command()).end();
    assert!(piped.stdout().contains("timeout none, "), "{}", piped.stdout());
    // With --json a program waits.
    let json = Terminal::start_piped(world.rye(["--json", "explain", "free"]).command()).end().json();
    assert_eq!(json["timeout"], json!({ "seconds": 300.0, "source": "default" }));

    let nobody = world.rye(["explain", "free"]).run();
    assert!(nobody.ok().contains("timeout 300 s (default), "), "{}", nobody.stdout());
    let none = world.rye(["explain", "--timeout", "0", "bound"]).run();
    assert!(none.ok().contains("timeout none, "), "{}", none.stdout());
}

#[test]
fn a_default_limit_ends_a_run_that_nobody_watches() {
    let world = World::new();
    world.file("project/.ai/rye.toml", "[limits]\ntimeout = 0.5\n");
    world.tool("slow.sh", "sleep 1.5\necho over\n");
    let watched = Terminal::start(world.rye(["run", "slow"]).command()).end();
    assert_eq!((watched.code, watched.stderr().as_str()), (Some(0), "over\r\n"));
    assert_eq!(world.outcome(["slow"])["ending"]["kind"], "timed_out");
    world.rye(["run", "slow"]).run().fails(124, &["time limit of 0.5 s", "--timeout"]);
}

#[test]
fn errors_have_color_on_a_terminal_only_and_unless_it_is_unwanted() {
    let world = World::new();
    let ran = Terminal::start(world.rye(["run", "nothing"]).env("TERM", "xterm").command()).end();
    assert_eq!(ran.code, Some(127));
    assert!(ran.stderr().contains("\x1b[1;31merror\x1b[0m: "), "{}", ran.stderr());
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let ran = Terminal::start(world.rye(["run", "nothing"]).env(name, value).command()).end();
        assert!(!ran.stderr().contains('\x1b'), "{}", ran.stderr());
    }
    assert!(!world.rye(["run", "nothing"]).env("TERM", "xterm").run().stderr().contains('\x1b'));
}

#[test]
fn a_value_is_indented_for_a_person_and_not_for_a_pipe() {
    if !have("python3") {
        return;
    }
    let world = World::new();
    world.tool("value.py", "def main():\n    return {'a': [1]}\n");
    let ran = Terminal::start(world.rye(["run", "value"]).command()).end();
    assert_eq!(ran.stderr(), "{\r\n  \"a\": [\r\n    1\r\n  ]\r\n}\r\n");
    let ran = Terminal::start_piped(world.rye(["run", "value"]).command()).end();
    assert_eq!(ran.stdout(), "{\"a\":[1]}\n");
}
