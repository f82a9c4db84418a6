//! Completion: what is proposed at a TAB, by the engine itself and through real shells. Nothing is executed by it.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::world::{World, have, rye};

/// A project with a few tools, none of which may run.
fn various() -> World {
    let world = World::new();
    let tool = |block: &str| format!("{}# /// rye\n{block}# ///\n", world.marking());
    let tones = "# parameters.tone = { enum = [\"warm\", \"cold\"], required = true, description = \"the manner\" }\n\
                 # parameters.loud = { type = \"boolean\" }\n";
    world.tool("text/say.sh", tool(tones));
    world.tool("text/count.sh", tool("# parameters.path = { type = \"string\", required = true }\n"));
    world.tool("plain.sh", world.marking());
    world.tool(
        "evil.sh",
        tool("# parameters.x.enum = [\"$(touch ran)\", \"a b\", \"a\\u001b[2J\", \"c\\nd\"]\n"),
    );
    world.tool("broken.toml", "executor_id = \"subprocess\"\nbanana = 1\n");
    world.tool("runtimes/odd.toml", "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n");
    world.user_tool("mine.sh", world.marking());
    world
}

/// What is proposed for a line, without descriptions; the kind of path first.
fn proposed(world: &World, shell: &str, line: &str) -> Vec<String> {
    let words = ["__complete", shell, "--"].into_iter().chain(line.split(' '));
    let answer = world.rye(words).run().ok();
    answer.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn every_place_of_a_line_is_known() {
    let world = various();
    let own = ["--project", "--json", "--help"];
    for (line, expected) in [
        ("ru", &["words", "run", "runtimes"][..]),
        ("run ", &["words", "broken", "evil", "mine", "plain", "text/count", "text/say"]),
        ("run text/", &["words", "text/count", "text/say"]),
        ("run sa", &["words", "say"]),
        ("show pl", &["words", "plain"]),
        ("explain text/s", &["words", "text/say"]),
        ("run --json --timeout 3 pl", &["words", "plain"]),
        ("run --timeout pl", &["words"]),
        ("run --env HO", &["words", "HOME"]),
        ("run --t", &["words", "--timeout", "--timings"]),
        ("--project ", &["folders"]),
        ("--project=x", &["folders"]),
        ("--project ../project run te", &["words", "text/count", "text/say"]),
        ("check ", &["files"]),
        ("check --", &["words", own[0], own[1], own[2]]),
        ("new x --lang py", &["words", "python"]),
        ("new x --lang=p", &["words", "--lang=python", "--lang=perl", "--lang=php"]),
        ("completions ", &["words", "bash", "zsh", "fish"]),
        ("nothing ", &["words"]),
        ("run nothing ", &["words"]),
        ("run broken ", &["words"]),
        // After TOOL every word is the tool's.
        ("run say --", &["words", "--tone", "--loud", "--help"]),
        ("run say ", &["words", "warm", "cold"]),
        ("run say --tone c", &["words", "cold"]),
        ("run say --tone=c", &["words", "--tone=cold"]),
        ("run say warm --t", &["words", "--tone"]),
        ("run say --tone warm ", &["words", "--loud", "--help"]),
        ("run say --project ", &["words", "warm", "cold"]),
        ("explain say --no", &["words", "--no-loud"]),
        ("run text/count ", &["files"]),
        ("run plain --", &["files"]),
    ] {
        let line = line.to_owned();
        assert_eq!(proposed(&world, "zsh", &line), expected, "{line:?}");
    }
    assert!(!world.ran());
}

#[test]
fn many_tools_are_shown_by_folder() {
    let world = World::new();
    for n in 0..50 {
        world.tool(&format!("all/folder{}/t{n}.sh", n % 5), "");
    }
    let folders: Vec<_> = (0..5).map(|n| format!("all/folder{n}/")).collect();
    assert_eq!(proposed(&world, "fish", "run ")[1..], folders);
    assert_eq!(proposed(&world, "fish", "run all/folder3/").len(), 11);
}

#[test]
fn a_broken_configuration_keeps_nobody_from_typing() {
    let world = various();
    world.file("project/.ai/rye.toml", "banana = 1\n");
    assert_eq!(proposed(&world, "zsh", "run say --tone w"), ["words", "warm"]);
}

#[test]
fn a_value_cannot_leave_its_word() {
    let world = various();
    let bash = ["words", "\\$\\(touch\\ ran\\)", "a\\ b"];
    assert_eq!(proposed(&world, "bash", "run evil --x "), bash);
    assert_eq!(proposed(&world, "bash", "run evil --x \""), ["words", "a b"]);
    assert_eq!(proposed(&world, "zsh", "run evil --x "), ["words", "$(touch ran)", "a b"]);
    // What is typed is not expanded either.
    assert_eq!(proposed(&world, "bash", "--project \"$(touch ran)\" run ").len(), 1);
    assert!(!world.project().join("ran").exists() && !world.ran());
}

/// Runs a program of a shell that finds `rye` on its `PATH`, and gives what it prints.
fn in_shell(world: &World, shell: &str, program: &str) -> String {
    let bin = world.root().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    symlink(rye(), bin.join("rye")).unwrap();
    let call = world.rye([""; 0]).command();
    let mut command = Command::new(shell);
    command.env_clear().current_dir(world.project()).stdin(Stdio::null()).stdout(Stdio::piped());
    for (name, value) in call.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        let value = match name.to_str() {
            Some("PATH") => {
                std::env::join_paths([bin.clone()].into_iter().chain(std::env::split_paths(value))).unwrap()
            }
            _ => value.to_owned(),
        };
        command.env(name, value);
    }
    let no_settings: &[&str] = match shell {
        "bash" => &["--norc"],
        "zsh" => &["-f"],
        _ => &["--no-config"],
    };
    let ended = command.args(no_settings).arg("-c").arg(program).spawn().unwrap().wait_with_output().unwrap();
    assert!(ended.status.success(), "{shell}: {}", ended.status);
    String::from_utf8(ended.stdout).unwrap()
}

#[test]
fn bash_completes() {
    if !have("bash") {
        return;
    }
    let world = various();
    // As readline calls it: the line, the cursor in its last word, and the words broken at `=` and `:`.
    let program = r#"
        eval "$(rye completions bash)"
        complete -p rye
        at() { COMP_POINT=$1; COMP_LINE=$2; shift 2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            "$(complete -p rye | sed 's/.*-F \([^ ]*\).*/\1/')" rye; echo "${COMPREPLY[*]}"; }
        try() { at ${#1} "$@"; }
        try 'rye ru' rye ru
        try 'rye run te' rye run te
        try 'rye run say --tone=c' rye run say --tone = c
        try 'rye run say --tone=' rye run say --tone =
        try 'rye --project=../project run pla' rye --project = ../project run pla
        try 'rye run evil --x $' rye run evil --x '$'
        try 'rye check x' rye check x
        try 'rye run --env A=B say --to' rye run --env A = B say --to
        try 'rye run --env  A=b:c  say --tone  ' rye run --env A = b : c say --tone ''
        try 'rye run evil http://x --' rye run evil http : //x --
        at 21 'rye run say --tone=colder' rye run say --tone = colder
        at 13 'rye run text/xyz warm' rye run text/xyz
    "#;
    let said = in_shell(&world, "bash", program);
    let expected = "complete -F _rye rye\nrun runtimes\ntext/count text/say\ncold\nwarm cold\nplain\n\\$\\(touch\\ ran\\)\n\n\
        --tone\nwarm cold\n--x --help\ncold\ntext/count text/say\n";
    assert_eq!(said, expected);
    assert!(!world.project().join("ran").exists() && !world.ran());
}

#[test]
fn zsh_completes() {
    if !have("zsh") {
        return;
    }
    let world = various();
    // The builtin works only in a line editor: a function of its name shows what it would be given.
    let program = r#"
        compdef() { print -r -- "compdef $*" }
        source <(rye completions zsh)
        compadd() { local list=${@[-1]}; print -r -- "${(@P)list}" }
        _files() { print -r -- "files $*" }
        try() { local -a words=("$@"); local CURRENT=$# PREFIX=${@[-1]}; _rye }
        try rye ru
        try rye run te
        try rye run say --tone=c
        try rye run 'text/say' --lo
        try rye check x
        try rye --project x
    "#;
    let said = in_shell(&world, "zsh", program);
    let expected =
        "compdef _rye rye\nrun runtimes\ntext/count text/say\n--tone=cold\n--loud\nfiles \nfiles -/\n";
    assert_eq!(said, expected);
    assert!(!world.ran());
}

#[test]
fn fish_completes() {
    if !have("fish") {
        return;
    }
    let world = various();
    let program = "rye completions fish | source\n\
                   for line in 'rye ru' 'rye run te' 'rye run say --tone=c' 'rye run say --lo' 'rye check .a'\n\
                   complete -C $line | string replace -r '\\t.*' ''\nend; true\n";
    let said = in_shell(&world, "fish", program);
    assert_eq!(said, "run\nruntimes\ntext/count\ntext/say\n--tone=cold\n--loud\n.ai/\n");
    assert!(!world.ran());
}

#[test]
fn a_line_on_the_screen_is_completed() {
    if !have("bash") {
        return;
    }
    let world = various();
    let bin = world.root().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    symlink(rye(), bin.join("rye")).unwrap();
    let mut command = Command::new("bash");
    command.args(["--norc", "-i"]).current_dir(world.project()).env("HOME", world.home());
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).env("TERM", "dumb").env("PS1", "ready> ");
    let mut terminal = crate::pty::Terminal::start(command);
    terminal.screen.wait_for("ready> ");
    terminal.write("eval \"$(rye completions bash)\"; echo lo''aded\n");
    terminal.screen.wait_for("loaded");
    // A verb, a tool and a value, each from its beginning.
    terminal.write("rye exp\ttext/s\t--tone=c\t\n");
    terminal.screen.wait_for("RYE_PARAM_TONE=cold");
    terminal.write("exit\n");
    terminal.end();
    assert!(!world.ran());
}
