//! TOML and the runtime files that are made of it: read as another reader reads them, or refused at a place that is
//! there.

use std::sync::Arc;

use serde_json::Value;

use crate::document::{Node, Place, Problem};
use crate::setting::{Settings, merge};
use crate::{Runtime, TomlSource};

const FILE: &str = "runtimes/x.toml";

/// A runtime file is read whole, or each thing that is wrong in it is told at its place; and its lines mean the same
/// when they stand in a comment block.
pub fn runtime(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let file: Arc<str> = Arc::from(FILE);
    let document = match TomlSource::file(&file, text.to_owned()).parse() {
        Ok(document) => document,
        Err(problems) => return lie_in(&problems, text),
    };
    let other: toml::Table = toml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    assert_eq!(Some(document.to_json()), json(&toml::Value::Table(other)));
    lines_mean_the_same(&file, text, &document);
    match Runtime::read(&document) {
        Ok(runtime) => is_sound(&runtime),
        Err(problems) => lie_in(&problems, text),
    }
}

/// What another reader's value is in JSON; none for what JSON cannot say.
fn json(value: &toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => serde_json::Number::from_f64(*number)?.into(),
        toml::Value::Boolean(value) => (*value).into(),
        toml::Value::Datetime(_) => return None,
        toml::Value::Array(items) => items.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        toml::Value::Table(table) => {
            let members = table.iter().map(|(key, value)| Some((key.clone(), json(value)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
    })
}

fn lines_mean_the_same(file: &Arc<str>, text: &str, document: &Node) {
    let place = |line| Place { file: Arc::clone(file), line, column: 3, whole_file: false };
    let lines = text.split('\n').zip(10..).map(|(line, number)| (place(number), line.to_owned()));
    let block = TomlSource::block(file, lines.collect()).parse();
    assert_eq!(block.map(|block| block.to_json()), Ok(document.to_json()));
}

/// Every problem says something, at a place of the text.
fn lie_in(problems: &[Problem], text: &str) {
    assert!(!problems.is_empty(), "refused without a reason: {text:?}");
    for Problem { place, message, hint } in problems {
        assert!(&*place.file == FILE && !message.is_empty() && hint.as_deref() != Some(""), "{place}");
        let line = text.split('\n').nth(place.line as usize - 1);
        let columns = line.unwrap_or_else(|| panic!("no line {} in {text:?}", place.line)).chars().count();
        assert!(place.column >= 1 && place.column as usize <= columns + 1, "no {place} in {text:?}");
    }
}

fn is_sound(runtime: &Runtime) {
    let descriptor = &runtime.descriptor;
    assert!(descriptor.executor_id.is_some());
    for extension in &runtime.extensions {
        assert!(!extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
    // A file laid over itself says nothing new, and one over nothing says what it says.
    let mut config = descriptor.config.clone();
    merge(&mut config, &descriptor.config);
    assert_eq!(config, descriptor.config);
    let mut config = Settings::new();
    merge(&mut config, &descriptor.config);
    assert_eq!(config, descriptor.config);
    assert_eq!(descriptor.call.overlaid(&descriptor.call), descriptor.call);
    assert_eq!(crate::call::CallConfig::default().overlaid(&descriptor.call), descriptor.call);
    for resource in descriptor.env_config.resources.values() {
        assert_eq!(&resource.overlaid(resource), resource);
        let variables = resource.var.iter().chain(&descriptor.pass_env);
        variables.for_each(|name| assert!(!name.is_empty() && !name.contains(['=', '\0'])));
    }
}
