//! The reference is true: its lists come from the types, and its examples are followed literally in an empty project.
//! `RYE_BLESS=1` rewrites the lists and what commands print; what people wrote beside a generated cell is kept.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rye_executor::{Code, EndingKind, exit_codes};
use rye_resolver::environment::{CODE_NAMES, DEFAULT_NAMES};
use rye_resolver::{
    CONFIG_KEYS, DEFAULT_EXCHANGE_TIMEOUT, DEFAULT_GRACE, DEFAULT_MAX_BODY, DEFAULT_MAX_OUTPUT,
    DEFAULT_RETRIES, DEFAULT_TIMEOUT, EXCHANGE_KEYS, PEER_KEYS, PLACEHOLDERS,
};
use rye_runtimes::call::{CallConfig, OUTPUTS, PASSINGS, STYLES, Style};
use rye_runtimes::core::core_files;
use rye_runtimes::document::{Node, Place, Problem};
use rye_runtimes::env_config::{EnvConfig, GROUPS, RESOURCE_KINDS};
use rye_runtimes::{Runtime, TomlSource};
use rye_tools::Metadata;

use crate::world::{World, have, rye};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The pages with generated parts.
const GENERATED: [&str; 3] = ["tools.md", "runtimes.md", "errors.md"];

/// A step that a page asks its reader to take.
pub(crate) enum Step {
    /// Write a file of the project.
    File { path: String, text: String },
    /// Type a command, and see what it prints.
    Command { words: String, output: String },
}

/// The steps of a page, in order: fences with `file=PATH`, and the commands of `console` fences.
pub(crate) fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(fence) = line.strip_prefix("```").filter(|fence| !fence.is_empty()) else { continue };
        let inside: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        if let Some((_, path)) = fence.split_once(" file=") {
            let text = inside.iter().map(|line| format!("{line}\n")).collect();
            steps.push(Step::File { path: path.to_owned(), text });
        } else if fence == "console" {
            for line in inside {
                match (line.strip_prefix("$ "), steps.last_mut()) {
                    (Some(words), _) => {
                        steps.push(Step::Command { words: words.to_owned(), output: String::new() });
                    }
                    (None, Some(Step::Command { output, .. })) => {
                        output.push_str(line);
                        output.push('\n');
                    }
                    (None, _) => panic!("output before a command: {line}"),
                }
            }
        }
    }
    steps
}

/// The text of a page of `docs/`.
pub(crate) fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join("docs").join(name)).unwrap()
}

/// Held by who rewrites a page; nobody does unless it is asked for.
fn blessing() -> Option<MutexGuard<'static, ()>> {
    static PAGES: Mutex<()> = Mutex::new(());
    #[expect(clippy::disallowed_methods, reason = "a test is a front end of its own")]
    let asked_for = std::env::var_os("RYE_BLESS").is_some();
    asked_for.then(|| PAGES.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What a reader sees who types this in the project, whose world is shown as the home of somebody.
fn typed(world: &World, words: &str) -> String {
    let bare = world.rye([""; 0]).command();
    let mut shell = Command::new("bash");
    shell.env_clear().current_dir(world.project()).stdin(std::process::Stdio::null());
    shell.envs(bare.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let function = format!("rye() {{ '{}' \"$@\"; }}; exec 2>&1", rye().display());
    shell.args(["-c", &format!("{function}; {words}")]).stdout(std::process::Stdio::piped());
    let printed = shell.spawn().unwrap().wait_with_output().unwrap();
    String::from_utf8(printed.stdout).unwrap().replace(world.root().to_str().unwrap(), "/home/ada")
}

/// Follows a page in an empty project: writes its files, types its commands, compares what a reader would see.
fn follow(name: &str, least: usize) -> World {
    let world = World::new();
    let mut commands = 0;
    let blessing = blessing();
    let before = page(name);
    let (mut after, mut rest) = (String::new(), before.as_str());
    for step in steps(&before) {
        let (words, output) = match step {
            Step::File { path, text } => {
                world.file(&format!("project/{path}"), text);
                continue;
            }
            Step::Command { words, output } => (words, output),
        };
        let printed = typed(&world, &words);
        commands += 1;
        if blessing.is_some() {
            let typed = format!("$ {words}\n");
            let (upto, behind) = rest.split_once(&format!("{typed}{output}")).unwrap();
            after.extend([upto, &typed, &printed]);
            rest = behind;
        } else {
            assert_eq!(printed, output, "docs/{name}: {words}");
        }
    }
    if blessing.is_some() {
        std::fs::write(Path::new(ROOT).join("docs").join(name), after + rest).unwrap();
    }
    assert!(commands >= least, "docs/{name} lost its commands");
    world
}

#[test]
fn the_front_page_prints_what_it_says() {
    if have("python3") {
        follow("README.md", 2);
    }
}

#[test]
fn a_language_is_added_as_the_page_says() {
    if have("awk") && have("bash") {
        follow("add-a-language.md", 3);
    }
}

#[test]
fn the_examples_of_the_tool_reference_do_what_they_say() {
    if have("python3") && have("bash") {
        follow("tools.md", 5);
    }
}

#[test]
fn the_examples_of_the_runtime_reference_do_what_they_say() {
    if have("awk") && have("bash") {
        follow("runtimes.md", 1);
    }
}

#[test]
fn the_examples_of_the_errors_print_what_they_say_and_have_their_code() {
    if !have("python3") || !have("bash") || !have("perl") {
        return;
    }
    let world = follow("errors.md", 25);
    let text = page("errors.md");
    let mut codes = std::collections::BTreeSet::new();
    for section in text.split("\n### `").skip(1) {
        let (code, section) = section.split_once('`').unwrap();
        let calls = steps(section).into_iter().filter_map(|step| match step {
            Step::Command { words, .. } if words.contains("rye run") => Some(words),
            _ => None,
        });
        for call in calls {
            let call = call.replace("rye run", "rye --json run").replace("; echo \"exit $?\"", "");
            let outcome: serde_json::Value = serde_json::from_str(&typed(&world, &call)).unwrap();
            assert_eq!(outcome["error"]["code"], code, "{call}: {outcome:#}");
            codes.insert(code);
        }
    }
    assert!(codes.len() >= 20, "only {codes:?}");
}

#[test]
fn generated_parts_are_what_the_types_say() {
    let blessing = blessing();
    let mut seen = Vec::new();
    for name in GENERATED {
        let before = page(name);
        let after = rewritten(&before, &mut seen);
        if blessing.is_some() {
            std::fs::write(Path::new(ROOT).join("docs").join(name), &after).unwrap();
        }
        assert!(
            blessing.is_some() || before == after,
            "docs/{name} is out of date: run this with RYE_BLESS=1\n{after}"
        );
        let empty = after.lines().find(|line| line.starts_with('|') && line.contains("|  |"));
        assert_eq!(empty, None, "docs/{name}: say what it is");
    }
    let known = parts().into_iter().map(|(name, _)| name.to_owned());
    let missing: Vec<_> = known.filter(|name| !seen.contains(name)).collect();
    assert_eq!(missing, [""; 0], "generated and in no page");
}

/// A page as the types have it now, whatever its file says.
pub(crate) fn current(name: &str) -> String {
    rewritten(&page(name), &mut Vec::new())
}

/// A page with its generated parts made anew.
fn rewritten(page: &str, seen: &mut Vec<String>) -> String {
    let parts = parts();
    let mut out = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(out, "{line}");
        let name = line.strip_prefix("<!-- generated: ").and_then(|rest| rest.strip_suffix(" -->"));
        let Some(name) = name else { continue };
        let old: Vec<_> = lines.by_ref().take_while(|line| *line != "<!-- end -->").collect();
        let (_, part) = parts.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no {name}"));
        part.write(&old, &mut out);
        out.push_str("<!-- end -->\n");
        seen.push(name.to_owned());
    }
    out
}

/// What is generated between two marks.
enum Part {
    /// All of it.
    Words(Vec<String>),
    /// The first cells of each row of a table; its head and the other cells are people's.
    Rows(Vec<Vec<String>>),
}

impl Part {
    fn write(&self, old: &[&str], out: &mut String) {
        let rows = match self {
            Self::Words(words) => {
                let _ = writeln!(out, "{}", words.join(" "));
                return;
            }
            Self::Rows(rows) => rows,
        };
        let (head, old) = old.split_at(2.min(old.len()));
        head.iter().for_each(|line| {
            let _ = writeln!(out, "{line}");
        });
        let width = head.first().map_or(0, |head| cells(head).len());
        for row in rows {
            let kept = old.iter().map(|line| cells(line)).find(|cells| cells.first() == row.first());
            let kept = kept.unwrap_or_default();
            let rest = (row.len()..width).map(|at| kept.get(at).cloned().unwrap_or_default());
            let all: Vec<_> = row.iter().cloned().chain(rest).collect();
            let _ = writeln!(out, "| {} |", all.join(" | "));
        }
    }
}

pub(crate) fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    inner.replace("\\|", "\0").split('|').map(|cell| cell.trim().replace('\0', "\\|")).collect()
}

fn quoted(word: impl AsRef<str>) -> String {
    format!("`{}`", word.as_ref())
}

fn first_cells<'w>(words: impl IntoIterator<Item = &'w str>) -> Part {
    Part::Rows(words.into_iter().map(|word| vec![quoted(word)]).collect())
}

fn words_of<T>(words: &'static [(&'static str, T)]) -> Part {
    first_cells(words.iter().map(|(word, _)| *word))
}

fn parts() -> Vec<(&'static str, Part)> {
    let subprocess = [
        ("timeout", DEFAULT_TIMEOUT.as_secs()),
        ("grace", DEFAULT_GRACE.as_secs()),
        ("max_output", DEFAULT_MAX_OUTPUT as u64),
    ];
    let exchange = [
        ("timeout", DEFAULT_EXCHANGE_TIMEOUT.as_secs()),
        ("retries", u64::from(DEFAULT_RETRIES)),
        ("max_body", DEFAULT_MAX_BODY as u64),
    ];
    let list = |names: &[&str]| Part::Words(names.iter().map(quoted).collect());
    vec![
        ("tool keys", keys(|node| Metadata::read(&node.place.clone(), vec![node]).unwrap_err(), "")),
        (
            "annotations",
            keys(|node| Metadata::read(&node.place.clone(), vec![node]).unwrap_err(), "annotations"),
        ),
        ("tool limits", keys(|node| Metadata::read(&node.place.clone(), vec![node]).unwrap_err(), "limits")),
        ("call keys", keys(|node| problems(|all| drop(CallConfig::read(&node, all))), "")),
        ("runtime keys", keys(|node| Runtime::read(&node).unwrap_err(), "")),
        ("resource keys", keys(|node| problems(|all| drop(EnvConfig::read(&node, all))), "x")),
        ("rye.toml", keys(rye_toml, "")),
        ("limits", keys(rye_toml, "limits")),
        ("mcp", keys(rye_toml, "mcp")),
        ("styles", words_of(STYLES)),
        ("parameters", words_of(PASSINGS)),
        ("output", words_of(OUTPUTS)),
        ("types", words_of(RESOURCE_KINDS)),
        ("search", words_of(GROUPS)),
        ("placeholders", first_cells(PLACEHOLDERS)),
        ("subprocess", options(&CONFIG_KEYS, &subprocess)),
        ("http_client", options(&EXCHANGE_KEYS, &exchange)),
        ("server tool", options(&PEER_KEYS, &[])),
        ("core runtimes", core_runtimes()),
        ("default names", list(DEFAULT_NAMES)),
        ("code names", list(CODE_NAMES)),
        ("codes", codes()),
        ("exit codes", by_exit_code()),
    ]
}

/// The keys that a reader of a table knows: what it proposes when it meets one that it does not know.
fn keys(read: impl Fn(Node) -> Vec<Problem>, table: &str) -> Part {
    let unknown = "zzzzzzzzzzzz";
    let head = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
    let text = format!("{head}{unknown} = 1\n");
    let problems = read(TomlSource::file(&Arc::from("x.toml"), text).parse().unwrap());
    let about = problems.iter().find(|problem| problem.message.contains(unknown)).unwrap();
    let known = about.hint.as_ref().unwrap().strip_prefix("known here: ").unwrap();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for key in known.split(", ").map(str::to_owned) {
        // A key that is read in two ways is known twice.
        if rows.iter().all(|row| row[0] != key) {
            rows.push(vec![key]);
        }
    }
    Part::Rows(rows)
}

fn problems(read: impl FnOnce(&mut Vec<Problem>)) -> Vec<Problem> {
    let mut all = Vec::new();
    read(&mut all);
    all
}

/// What is said against a `rye.toml`.
fn rye_toml(node: Node) -> Vec<Problem> {
    let text = match node.to_json() {
        serde_json::Value::Object(table) if table.contains_key("limits") => "[limits]\nzzzzzzzzzzzz = 1",
        serde_json::Value::Object(table) if table.contains_key("mcp") => "[mcp]\nzzzzzzzzzzzz = 1",
        _ => "zzzzzzzzzzzz = 1",
    };
    let world = World::new();
    world.file("project/.ai/rye.toml", text);
    let outcome = world.outcome(["x"]);
    let said = |list: &str| outcome["error"][list][0].as_str().unwrap().to_owned();
    vec![Problem::new(&Place::start_of(&Arc::from("rye.toml")), said("causes")).hint(said("hints"))]
}

/// The options of a primitive, with the defaults that are numbers.
fn options(keys: &[&'static str], defaults: &[(&str, u64)]) -> Part {
    let row = |key: &&str| {
        let default = defaults.iter().find(|(name, _)| name == key).map(|(_, number)| number.to_string());
        [quoted(key)].into_iter().chain(default).collect()
    };
    Part::Rows(keys.iter().map(row).collect())
}

fn core_runtimes() -> Part {
    let row = |file: &rye_runtimes::core::CoreFile| {
        let node = TomlSource::file(&Arc::from(file.file), file.text.to_owned()).parse().unwrap();
        let Runtime { descriptor, extensions } = Runtime::read(&node).unwrap();
        let name = file.id.rsplit('/').next().unwrap();
        let claims: Vec<_> = extensions.iter().map(quoted).collect();
        let looks_for: Vec<_> = descriptor
            .env_config
            .resources
            .values()
            .map(|found| {
                let word = RESOURCE_KINDS.iter().find(|(_, kind)| Some(*kind) == found.kind).unwrap().0;
                found.names.as_ref().map_or_else(
                    || quoted(word),
                    |names| names.iter().map(quoted).collect::<Vec<_>>().join(" "),
                )
            })
            .collect();
        let or_none = |cell: String| if cell.is_empty() { "–".to_owned() } else { cell };
        let style = match descriptor.call.style {
            Some(Style::Function) => "function, script",
            Some(Style::Mcp) => "mcp",
            Some(_) => "script",
            None => "–",
        };
        let description = descriptor.description.unwrap();
        vec![
            quoted(name),
            or_none(claims.join(" ")),
            or_none(looks_for.join(" ")),
            style.to_owned(),
            description,
        ]
    };
    Part::Rows(core_files().iter().map(row).collect())
}

fn codes() -> Part {
    let row = |(code, word, meaning): &(Code, &str, &str)| {
        let exit = match code {
            Code::ToolFailed => "the tool's".to_owned(),
            code => exit_codes::of(*code, EndingKind::NotStarted).to_string(),
        };
        vec![quoted(word), exit, (*meaning).to_owned()]
    };
    Part::Rows(Code::ALL.iter().map(row).collect())
}

fn by_exit_code() -> Part {
    let mut exits: Vec<_> =
        Code::ALL.iter().map(|(code, ..)| exit_codes::of(*code, EndingKind::NotStarted)).collect();
    exits.sort_unstable();
    exits.dedup();
    let row = |exit: u8| {
        let of = |code: Code| exit_codes::of(code, EndingKind::NotStarted);
        let codes = Code::ALL.iter().filter(|(code, ..)| of(*code) == exit);
        let all: Vec<_> = codes.map(|(_, word, _)| quoted(word)).collect();
        vec![exit.to_string(), all.join(" ")]
    };
    Part::Rows(exits.into_iter().map(row).collect())
}
