//! The words before the cursor, read by the command line's own definition: which place it is in. No verb is named
//! here: what a new one takes is known from its arguments.

use clap::{Arg, Command, ValueHint};
use rye_executor::tools::completion::Candidate;

/// A line up to the cursor.
#[derive(Debug)]
pub(super) struct Line<'c> {
    /// What may stand at the cursor.
    pub(super) wanted: Wanted,
    /// `--project`
    pub(super) project: Option<String>,
    /// The verb that was read.
    pub(super) verb: &'c Command,
}

/// What may stand in a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// Nothing that we know.
    Nothing,
    /// One of these.
    Words(Vec<Candidate>),
    /// A path.
    Path,
    /// The path of a folder.
    Folder,
    /// The name of a variable.
    Variable,
    /// The id of a tool.
    Tool,
    /// The name of a server that was added.
    Server,
    /// A word of this tool's own, after these.
    OfTool(String, Vec<String>),
}

impl<'c> Line<'c> {
    /// Reads the words before the cursor and the one at it.
    pub(super) fn read(root: &'c Command, before: &[String], current: &str) -> Self {
        let mut line = Self { wanted: Wanted::Nothing, project: None, verb: root };
        let mut positionals = 0;
        let mut flags_ended = false;
        let mut words = before.iter();
        while let Some(word) = words.next() {
            if word == "--" && !flags_ended {
                flags_ended = true;
            } else if let Some(flag) = word.strip_prefix("--").filter(|_| !flags_ended) {
                let (name, value) = match flag.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (flag, None),
                };
                let Some(found) = find_flag(root, line.verb, name).filter(|found| takes_value(found)) else {
                    continue;
                };
                let Some(value) = value.or_else(|| words.next().map(String::as_str)) else {
                    line.wanted = wanted_by(found);
                    return line;
                };
                if name == "project" {
                    line.project = Some(value.to_owned());
                }
            } else if word.starts_with('-') && word.len() > 1 && !flags_ended {
                continue;
            } else if let Some(verb) = line.verb.find_subcommand(word) {
                line.verb = verb;
            } else if line.verb.has_subcommands() {
                // A verb that there is not.
                return line;
            } else if is_tool(line.verb, positionals) && takes_words(line.verb) {
                line.wanted = Wanted::OfTool(word.clone(), words.cloned().collect());
                return line;
            } else {
                positionals += 1;
            }
        }
        line.wanted = line.at_cursor(root, positionals, flags_ended, current);
        line
    }

    fn at_cursor(&self, root: &Command, positionals: usize, flags_ended: bool, current: &str) -> Wanted {
        if current.starts_with('-') && !flags_ended {
            return match current.strip_prefix("--").and_then(|flag| flag.split_once('=')) {
                Some((name, _)) => match find_flag(root, self.verb, name).map(wanted_by) {
                    Some(Wanted::Words(known)) => {
                        let with_flag = |known: Candidate| Candidate {
                            word: format!("--{name}={}", known.word),
                            ..known
                        };
                        Wanted::Words(known.into_iter().map(with_flag).collect())
                    }
                    Some(paths @ (Wanted::Path | Wanted::Folder)) => paths,
                    _ => Wanted::Nothing,
                },
                None => {
                    let mut known = flags(root, self.verb, current);
                    known.dedup_by(|one, other| one.word == other.word);
                    Wanted::Words(known)
                }
            };
        }
        if self.verb.has_subcommands() {
            let verbs = self.verb.get_subcommands().filter(|verb| !verb.is_hide_set());
            let candidate = |verb: &Command| Candidate {
                word: verb.get_name().to_owned(),
                says: verb.get_about().map(ToString::to_string),
            };
            return Wanted::Words(verbs.map(candidate).collect());
        }
        if is_tool(self.verb, positionals) {
            return Wanted::Tool;
        }
        self.verb.get_positionals().nth(positionals).map_or(Wanted::Nothing, wanted_by)
    }
}

/// The flags of a verb, and those that stand anywhere.
pub(super) fn flags(root: &Command, verb: &Command, current: &str) -> Vec<Candidate> {
    let anywhere = root.get_arguments().filter(|known| known.is_global_set());
    let own = verb.get_arguments().filter(|known| !known.is_global_set());
    let candidate = |known: &Arg| {
        let says = known.get_help().map(ToString::to_string);
        Some(Candidate { word: format!("--{}", known.get_long()?), says })
    };
    let help = Candidate { word: "--help".to_owned(), says: Some("print help".to_owned()) };
    let all = own.chain(anywhere).filter(|known| !known.is_hide_set()).filter_map(candidate).chain([help]);
    all.filter(|known| known.word.starts_with(current)).collect()
}

fn find_flag<'c>(root: &'c Command, verb: &'c Command, name: &str) -> Option<&'c Arg> {
    let mut all = verb.get_arguments().chain(root.get_arguments());
    all.find(|known| known.get_long() == Some(name))
}

fn takes_value(flag: &Arg) -> bool {
    flag.get_action().takes_values()
}

/// What an argument's definition says of its values.
fn wanted_by(argument: &Arg) -> Wanted {
    let known = argument.get_possible_values();
    if !known.is_empty() {
        let candidate = |value: &clap::builder::PossibleValue| Candidate {
            word: value.get_name().to_owned(),
            says: value.get_help().map(ToString::to_string),
        };
        return Wanted::Words(known.iter().filter(|value| !value.is_hide_set()).map(candidate).collect());
    }
    match argument.get_value_hint() {
        ValueHint::DirPath => Wanted::Folder,
        ValueHint::AnyPath | ValueHint::FilePath => Wanted::Path,
        _ if first_name(argument).is_some_and(|name| name.starts_with("NAME[")) => Wanted::Variable,
        _ if first_name(argument).is_some_and(|name| name.ends_with("SERVER")) => Wanted::Server,
        _ => Wanted::Nothing,
    }
}

/// Whether the id of a tool stands there.
fn is_tool(verb: &Command, positional: usize) -> bool {
    let argument = verb.get_positionals().nth(positional);
    argument.is_some_and(|argument| argument.get_id() == "tool" || first_name(argument) == Some("TOOL"))
}

/// Whether the words after the tool are the tool's.
fn takes_words(verb: &Command) -> bool {
    verb.get_positionals().any(Arg::is_trailing_var_arg_set)
}

fn first_name(argument: &Arg) -> Option<&str> {
    match argument.get_value_names() {
        Some([first, ..]) => Some(first.as_str()),
        _ => None,
    }
}
