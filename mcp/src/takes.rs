//! What a tool takes, in one line: what a model needs that has called it wrongly.

use rye_executor::tools::parameter::{Parameter, Parameters};
use rye_executor::tools::schema::Additional;

use crate::text::calm;

/// How long a line may be before it gives names alone.
const MAX_LINE: usize = 400;

/// `add(a: int, b: int = 2)`
pub(crate) fn takes(name: &str, parameters: &Parameters) -> String {
    let whole = line(name, parameters, |one| {
        let kind = one.schema.signature();
        match (&one.schema.default, one.required) {
            (Some(default), _) => format!("{}: {kind} = {default}", one.name),
            (None, true) => format!("{}: {kind}", one.name),
            (None, false) => format!("{}?: {kind}", one.name),
        }
    });
    if whole.len() <= MAX_LINE { whole } else { line(name, parameters, |one| one.name.clone()) }
}

fn line(name: &str, parameters: &Parameters, word: impl Fn(&Parameter) -> String) -> String {
    let more = (parameters.additional != Additional::Forbidden).then(|| "…".to_owned());
    let words: Vec<_> = parameters.list.iter().map(word).chain(more).collect();
    calm(&format!("{name}({})", words.join(", ")))
}
