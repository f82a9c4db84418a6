//! Builds the argv of a plan. One item of `args` stays one argument whatever its value holds, and no value of the
//! caller becomes an option.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use rye_runtimes::call::{Passing, Style};
use rye_runtimes::document::Place;
use rye_runtimes::setting::{Setting, SettingValue};
use rye_runtimes::template::{Filled, Part, Template, text_of};
use rye_tools::arguments::ArgumentProblem;
use rye_tools::environment_name;
use serde_json::Value;

use crate::config_check::invalid;
use crate::error::Error;
use crate::planner::{PLACEHOLDERS, Planner};

/// A command before its program is looked up.
pub(crate) struct CommandLine {
    pub(crate) command: OsString,
    pub(crate) command_place: Place,
    pub(crate) args: Vec<OsString>,
    /// The same as it may be shown: what a variable holds may be secret.
    pub(crate) shown: Vec<String>,
}

/// Words in the making.
struct Words {
    args: Vec<OsString>,
    shown: Vec<String>,
    /// Options may follow still.
    open: bool,
}

impl Words {
    fn push(&mut self, word: OsString) {
        self.shown.push(word.to_string_lossy().into_owned());
        self.args.push(word);
    }
}

/// Puts the command line together, in the order of the style.
pub(crate) fn build(planner: &Planner<'_>) -> Result<CommandLine, Error> {
    let resolution = planner.resolution;
    let mut line = Words { args: Vec::new(), shown: Vec::new(), open: true };
    let file = resolution.file.as_ref();
    let (command, command_place) = match (resolution.config.get("command"), file) {
        (Some(setting), _) => {
            let command = planner.setting_text("command", setting)?.unwrap_or_default();
            if command.is_empty() {
                let hint = "name a program: `command = \"…\"`";
                return Err(invalid(&setting.place, "`command` is empty", Some(hint)));
            }
            (command, setting.place.clone())
        }
        (None, Some(file)) if resolution.runs_itself => {
            (file.path.as_os_str().to_owned(), Place::start_of(&Arc::from(file.path.to_string_lossy())))
        }
        (None, _) => {
            let hint = "add `command = \"…\"` to `[config]`";
            return Err(invalid(&resolution.tool.metadata.place, "no `command` in its chain", Some(hint)));
        }
    };
    if let Some(setting) = resolution.config.get("args") {
        push_list(planner, "args", setting, &mut line)?;
    }
    if resolution.style == Style::Function {
        for setting in resolution.call.bootstrap_args.iter().flatten() {
            push_item(planner, "bootstrap_args", setting, &mut line)?;
        }
    }
    let by_itself = resolution.runs_itself && !resolution.config.contains_key("command");
    if resolution.style != Style::Command
        && !by_itself
        && let Some(file) = file
    {
        line.push(file.path.as_os_str().to_owned());
    }
    if resolution.style == Style::Script {
        push_script_arguments(planner, &mut line)?;
    }
    let Words { args, shown, .. } = line;
    Ok(CommandLine { command, command_place, args, shown })
}

fn push_list(planner: &Planner<'_>, key: &str, setting: &Setting, line: &mut Words) -> Result<(), Error> {
    let SettingValue::List(items) = &setting.value else {
        let hint = Some("write `args = [\"…\", \"…\"]`");
        return Err(invalid(&setting.place, format!("`{key}` is not a list"), hint));
    };
    items.iter().try_for_each(|item| push_item(planner, key, item, line))
}

fn push_item(planner: &Planner<'_>, key: &str, setting: &Setting, line: &mut Words) -> Result<(), Error> {
    let SettingValue::Text(template) = &setting.value else {
        planner.setting_text(key, setting)?.into_iter().for_each(|word| line.push(word));
        return Ok(());
    };
    let texts: Vec<OsString> = match planner.fill(key, template)? {
        Filled::Absent => Vec::new(),
        Filled::Text(text) => vec![text],
        Filled::Json(value) => vec![text_of(&value).into()],
        Filled::Items(items) => items.iter().map(|item| text_of(item).into()).collect(),
    };
    let secret = template.variables().next().is_some();
    for text in texts {
        refuse_option(planner, key, template, &text, line.open)?;
        refuse_nul(planner, template.placeholders().next().map_or(key, |(name, _)| name), &text)?;
        if secret {
            line.shown.push(template.to_string());
            line.args.push(text);
        } else {
            line.push(text);
        }
    }
    // Only a `--` of the descriptor's own: a caller's would let the caller's next word be an option.
    line.open &= template.literal() != Some("--");
    Ok(())
}

/// A value may not begin a word with `-`, unless the descriptor's own words before say that no options follow. What
/// counts is the part that gave the first character.
fn refuse_option(
    planner: &Planner<'_>,
    key: &str,
    template: &Template,
    text: &OsStr,
    open: bool,
) -> Result<(), Error> {
    if !looks_like_option(text) || !open {
        return Ok(());
    }
    for part in template.parts() {
        let alone = Template::of_parts(&template.place, vec![part.clone()]);
        let gives = match planner.fill(key, &alone)? {
            Filled::Absent => false,
            Filled::Text(text) => !text.is_empty(),
            Filled::Json(value) => !text_of(&value).is_empty(),
            Filled::Items(_) => true,
        };
        match part {
            Part::Placeholder { name, .. } if gives && !PLACEHOLDERS.contains(&name.as_str()) => {
                if may_dash(planner, name) {
                    return Ok(());
                }
                return Err(Error::LooksLikeOption {
                    place: template.place.clone(),
                    parameter: name.clone(),
                });
            }
            _ if gives => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

fn looks_like_option(text: &OsStr) -> bool {
    text.as_encoded_bytes().first() == Some(&b'-')
}

fn may_dash(planner: &Planner<'_>, name: &str) -> bool {
    planner.resolution.tool.parameters.find(name).is_some_and(|parameter| parameter.allow_dash)
}

fn refuse_nul(planner: &Planner<'_>, name: &str, text: &OsStr) -> Result<(), Error> {
    if !text.as_encoded_bytes().contains(&0) {
        return Ok(());
    }
    Err(refused(planner, name, "holds a NUL character, which no command line or environment can carry"))
}

fn refused(planner: &Planner<'_>, name: &str, fact: &str) -> Error {
    let problems = vec![ArgumentProblem::new(name, fact)];
    Error::InvalidArguments { id: planner.resolution.id.clone(), problems }
}

fn passings<'p>(planner: &Planner<'p>) -> &'p [Passing] {
    planner.resolution.call.parameters.as_deref().unwrap_or(&[Passing::Env])
}

/// What follows the script on its command line.
fn push_script_arguments(planner: &Planner<'_>, line: &mut Words) -> Result<(), Error> {
    let tool = &planner.resolution.tool;
    let arguments = &planner.invocation.arguments;
    if tool.unread_words {
        if let Some(Value::Array(words)) = arguments.find("args") {
            for word in words {
                let text = OsString::from(text_of(word));
                refuse_nul(planner, "args", &text)?;
                line.push(text);
            }
        }
        return Ok(());
    }
    if passings(planner).contains(&Passing::Flags) {
        for (name, value) in arguments.iter().filter(|(_, value)| !value.is_null()) {
            if name.is_empty() || name.starts_with('-') || name.contains('=') {
                return Err(refused(
                    planner,
                    name,
                    "is no name for a flag, and flags are how the script gets it",
                ));
            }
            let text = OsString::from(format!("--{name}={}", text_of(value)));
            refuse_nul(planner, name, &text)?;
            line.push(text);
        }
    }
    if passings(planner).contains(&Passing::Argv) {
        for parameter in &tool.parameters.list {
            let Some(value) = arguments.find(&parameter.name).filter(|value| !value.is_null()) else {
                continue;
            };
            let values = match value {
                Value::Array(items) => items.iter().collect(),
                other => vec![other],
            };
            for value in values {
                let text = OsString::from(text_of(value));
                refuse_nul(planner, &parameter.name, &text)?;
                if looks_like_option(&text) && !parameter.allow_dash {
                    let place = tool.metadata.place.clone();
                    return Err(Error::LooksLikeOption { place, parameter: parameter.name.clone() });
                }
                line.push(text);
            }
        }
    }
    Ok(())
}

/// `RYE_PARAM_NAME` for each argument, when the script gets them so.
pub(crate) fn parameter_variables(planner: &Planner<'_>) -> Result<Vec<(String, OsString)>, Error> {
    if !passings(planner).contains(&Passing::Env) {
        return Ok(Vec::new());
    }
    let mut variables: Vec<(String, OsString)> = Vec::new();
    for (name, value) in planner.invocation.arguments.iter().filter(|(_, value)| !value.is_null()) {
        let text = OsString::from(text_of(value));
        refuse_nul(planner, name, &text)?;
        let variable = environment_name(name);
        if variables.iter().any(|(taken, _)| *taken == variable) {
            return Err(refused(planner, name, &format!("another argument has its variable `{variable}`")));
        }
        variables.push((variable, text));
    }
    Ok(variables)
}
