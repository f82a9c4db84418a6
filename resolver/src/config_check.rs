//! What can be said against the settings of a chain before any call: options that its primitive does not know,
//! placeholders that nothing fills.

use rye_runtimes::call::Style;
pub use rye_runtimes::config_keys::{CONFIG_KEYS, EXCHANGE_KEYS, PEER_KEYS};
use rye_runtimes::document::{Place, Problem};
use rye_runtimes::nearest;
use rye_runtimes::setting::{Setting, SettingValue};
use rye_runtimes::template::{Part, Template};

use crate::chain::Primitive;
use crate::environment::{CODE_NAMES, fits};
use crate::error::Error;
use crate::planner::PLACEHOLDERS;
use crate::resolution::Resolution;

/// The options that an argument may fill. Everything else (the program, where it runs, its limits, the method and the
/// hosts) is for the descriptor alone to say.
const FROM_ARGUMENTS: [&str; 10] =
    ["args", "env", "stdin", "url", "query", "headers", "body", "form", "text", "auth"];

/// The variables that a chain declares, in the order in which they are filled.
fn variables(resolution: &Resolution) -> impl Iterator<Item = (&str, &Setting)> {
    let own = match resolution.config.get("env").map(|setting| &setting.value) {
        Some(SettingValue::Table(table)) => Some(table),
        _ => None,
    };
    let all = resolution.env_config.env.iter().chain(own.into_iter().flatten());
    all.map(|(name, setting)| (name.as_str(), setting))
}

/// The declared variables that an argument has a part in.
struct ByArgument<'r>(Vec<&'r str>);

impl<'r> ByArgument<'r> {
    fn of(resolution: &'r Resolution) -> Self {
        let mut found = Self(Vec::new());
        for (name, setting) in variables(resolution) {
            let mut filled = false;
            setting.templates(&mut |template| filled |= found.culprit(template).is_some());
            if filled {
                found.0.push(name);
            }
        }
        found
    }

    /// The argument in a template, as it is written there: itself, or a variable that it fills.
    fn culprit(&self, template: &Template) -> Option<String> {
        let mut placeholders = template.placeholders().map(|(name, _)| name);
        let argument = placeholders.find(|name| !PLACEHOLDERS.contains(name));
        argument.map(|name| format!("{{{name}}}")).or_else(|| {
            template.variables().find(|name| self.0.contains(name)).map(|name| format!("${{{name}}}"))
        })
    }

    fn problem(&self, key: &str, template: &Template) -> Option<Problem> {
        let culprit = self.culprit(template)?;
        let hint = match key {
            "command" | "fallback" | "PATH" => "an argument cannot choose the program; put it in `args`",
            _ => "an argument may fill `args`, `env`, `stdin`, `url`, `query`, `headers` and the body",
        };
        Some(Problem::new(&template.place, format!("`{culprit}` in `{key}`")).hint(hint))
    }
}

/// What can be said against the merged `config` before any call.
pub(crate) fn check_config(resolution: &Resolution) -> Result<(), Error> {
    let mut problems = Vec::new();
    let by_argument = ByArgument::of(resolution);
    let own: &[&str] = match resolution.primitive {
        Primitive::Subprocess => &CONFIG_KEYS,
        Primitive::HttpClient => &EXCHANGE_KEYS,
    };
    let known = match resolution.style {
        Style::Mcp => [own, &PEER_KEYS].concat(),
        _ => own.to_vec(),
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
            problems.extend(url_problem(template, &by_argument));
        }
        setting.templates(&mut |template| {
            check_placeholders(resolution, template, &mut problems);
            if !FROM_ARGUMENTS.contains(&key.as_str()) {
                problems.extend(by_argument.problem(key, template));
            }
        });
    }
    for (name, setting) in variables(resolution) {
        setting.templates(&mut |template| {
            check_placeholders(resolution, template, &mut problems);
            // What runs, and which code it loads, is not for a caller to say.
            if name == "PATH" || CODE_NAMES.iter().any(|pattern| fits(pattern, name)) {
                problems.extend(by_argument.problem(name, template));
            }
        });
    }
    for resource in resolution.env_config.resources.values() {
        for setting in resource.fallback.iter().chain(resource.exchange.values()) {
            setting.templates(&mut |template| problems.extend(by_argument.problem("fallback", template)));
        }
    }
    let (parameters, place) = (&resolution.tool.parameters, &resolution.tool.metadata.place);
    if resolution.style == Style::Mcp && !resolution.config.contains_key("tool") {
        problems.push(no_tool(place));
    }
    if resolution.style == Style::Mcp || resolution.primitive == Primitive::HttpClient {
        for parameter in parameters.list.iter().filter(|parameter| parameter.beneath.is_some()) {
            let fact = format!("`beneath` of parameter `{}`: the tool runs in no folder", parameter.name);
            problems.push(Problem::new(place, fact).hint("it is for tools that are programs"));
        }
    }
    if resolution.style == Style::Command {
        problems.extend(parameters.problems_for_placeholders(&PLACEHOLDERS, place));
    }
    if !matches!(resolution.style, Style::Function | Style::Mcp) {
        problems.extend(parameters.problems_for_variables(place));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::InvalidDescriptor { problems }) }
}

/// An argument may not choose where a request goes: no placeholder before the path of a URL.
fn url_problem(template: &Template, by_argument: &ByArgument<'_>) -> Option<Problem> {
    let mut known = String::new();
    for part in template.parts() {
        match part {
            Part::Text(text) => known.push_str(text),
            Part::Variable { name, .. }
                if by_argument.0.contains(&name.as_str()) && !reaches_path(&known) =>
            {
                return Some(before_path(&template.place, name));
            }
            // What a variable holds, only the plan knows. Until then it is taken for a word.
            Part::Variable { .. } | Part::Home => known.push('v'),
            Part::Placeholder { name, .. } => {
                let begins_with_variable = matches!(template.parts().first(), Some(Part::Variable { .. }));
                let below_base =
                    known.split(':').next().is_some_and(|before| before.contains(['/', '?', '#']));
                if !(reaches_path(&known) || begins_with_variable && below_base) {
                    return Some(before_path(&template.place, name));
                }
            }
        }
    }
    None
}

/// Whether the beginning of a URL holds its whole authority, read as URLs are read on the web: any number of slashes
/// of either kind stands before the host, and white space does not count.
pub(crate) fn reaches_path(beginning: &str) -> bool {
    let plain: String = beginning.chars().filter(|c| !c.is_ascii_control() && *c != ' ').collect();
    let Some((_, rest)) = plain.split_once(':') else { return false };
    rest.trim_start_matches(['/', '\\']).contains(['/', '\\', '?', '#'])
}

/// The problem with a placeholder that could choose the host.
pub(crate) fn before_path(place: &Place, name: &str) -> Problem {
    Problem::new(place, format!("`{{{name}}}` before the path of the URL"))
        .hint("an argument cannot choose scheme, user, host or port; write them out")
}

fn check_placeholders(resolution: &Resolution, template: &Template, problems: &mut Vec<Problem>) {
    let parameters = &resolution.tool.parameters;
    let open = parameters.additional != rye_tools::schema::Additional::Forbidden;
    for (name, _) in template.placeholders() {
        if PLACEHOLDERS.contains(&name) {
            continue;
        }
        if parameters.find(name).is_none() && !open {
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

/// The problem with a tool of another MCP server that does not say which of its tools it is.
pub(crate) fn no_tool(place: &Place) -> Problem {
    Problem::new(place, "no `tool` in its chain")
        .hint("add `tool = \"…\"` to `[config]`: the server's name for it")
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
