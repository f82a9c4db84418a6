//! What can be said against the settings of a chain before any call: options that its primitive does not know,
//! placeholders that nothing fills.

use rye_runtimes::call::Style;
use rye_runtimes::document::{Place, Problem};
use rye_runtimes::nearest;
use rye_runtimes::setting::SettingValue;
use rye_runtimes::template::{Part, Template};

use crate::chain::{Primitive, Resolution};
use crate::error::Error;
use crate::planner::PLACEHOLDERS;

/// The keys of `[config]` that a subprocess knows.
const CONFIG_KEYS: [&str; 9] =
    ["command", "args", "cwd", "env", "stdin", "timeout", "grace", "leave_running", "max_output"];

/// The keys of `[config]` that an HTTP exchange knows.
const EXCHANGE_KEYS: [&str; 13] = [
    "method",
    "url",
    "headers",
    "query",
    "body",
    "form",
    "text",
    "timeout",
    "retries",
    "auth",
    "follow_redirects",
    "max_body",
    "allow_hosts",
];

/// What can be said against the merged `config` before any call.
pub(crate) fn check_config(resolution: &Resolution) -> Result<(), Error> {
    let mut problems = Vec::new();
    let known: &[&str] = match resolution.primitive {
        Primitive::Subprocess => &CONFIG_KEYS,
        Primitive::HttpClient => &EXCHANGE_KEYS,
    };
    for (key, setting) in &resolution.config {
        if !known.contains(&key.as_str()) {
            let primitive = resolution.primitive.id();
            let problem = Problem::new(&setting.place, format!("`{key}` is not an option of `{primitive}`"));
            problems.push(match nearest(key, known.iter().copied()) {
                Some(word) => problem.hint(format!("did you mean `{word}`?")),
                None => problem.hint(format!("known are `{}`", known.join("`, `"))),
            });
        }
        if key == "url"
            && let SettingValue::Text(template) = &setting.value
        {
            problems.extend(url_problem(template));
        }
        setting.templates(&mut |template| check_placeholders(resolution, key, template, &mut problems));
    }
    for (key, setting) in &resolution.env_config.env {
        setting.templates(&mut |template| check_placeholders(resolution, key, template, &mut problems));
    }
    let (parameters, place) = (&resolution.tool.parameters, &resolution.tool.metadata.place);
    if resolution.style == Style::Command {
        problems.extend(parameters.problems_for_placeholders(&PLACEHOLDERS, place));
    }
    if resolution.style != Style::Function {
        problems.extend(parameters.problems_for_variables(place));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::InvalidDescriptor { problems }) }
}

/// An argument may not choose where a request goes: no placeholder before the path of a URL.
fn url_problem(template: &Template) -> Option<Problem> {
    let (mut scheme, mut authority) = (true, false);
    for part in template.parts() {
        match part {
            Part::Text(text) if scheme => {
                if let Some((_, rest)) = text.split_once("://") {
                    scheme = false;
                    authority = !rest.contains(['/', '?', '#']);
                }
            }
            Part::Text(text) if authority => {
                authority = !text.starts_with(['/', '?', '#']) && !text.contains('/')
            }
            Part::Text(_) | Part::Home => {}
            // A variable at the beginning is the configuration's own base; what follows must begin a path.
            Part::Variable { .. } => (scheme, authority) = (false, authority || scheme),
            Part::Placeholder { name, .. } if scheme || authority => {
                let problem =
                    Problem::new(&template.place, format!("`{{{name}}}` before the path of the URL"));
                return Some(
                    problem.hint("an argument cannot choose scheme, user, host or port; write them out"),
                );
            }
            Part::Placeholder { .. } => {}
        }
    }
    None
}

fn check_placeholders(resolution: &Resolution, key: &str, template: &Template, problems: &mut Vec<Problem>) {
    let parameters = &resolution.tool.parameters;
    let open = parameters.additional != rye_tools::schema::Additional::Forbidden;
    for (name, _) in template.placeholders() {
        if PLACEHOLDERS.contains(&name) {
            continue;
        }
        if key == "command" {
            let problem = Problem::new(&template.place, format!("`{{{name}}}` in `command`"));
            problems.push(problem.hint("an argument cannot choose the program; put it in `args`"));
        } else if parameters.find(name).is_none() && !open {
            let problem =
                Problem::new(&template.place, format!("`{{{name}}}` is neither a parameter nor built in"));
            let known = parameters.list.iter().map(|parameter| parameter.name.as_str()).chain(PLACEHOLDERS);
            problems.push(match nearest(name, known) {
                Some(word) => problem.hint(format!("did you mean `{{{word}}}`?")),
                None => problem.hint(format!("declare `[parameters.{name}]`; a literal brace is `{{{{`")),
            });
        }
    }
}

/// A problem with a descriptor, as an error.
pub(crate) fn invalid(place: &Place, message: impl Into<String>, hint: Option<&str>) -> Error {
    let problem = Problem::new(place, message);
    let problem = match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    };
    Error::InvalidDescriptor { problems: vec![problem] }
}
