//! Words of a command line: none is dropped, split or expanded, and typed values come through as they are.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::parameter::{Parameter, Parameters};
use crate::schema::{Additional, ArrayType, NumberBounds, ObjectType, Schema, StringBounds, Type};
use crate::words::{ReadWords, SCRIPT_ARGUMENTS, WordsOutcome, read_words, script_arguments, unread_words};

/// Words, a NUL between two, as they are; and as the arguments of a script that reads them itself.
pub fn words(bytes: &[u8]) {
    let words: Vec<OsString> =
        bytes.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.into())).collect();
    let all_text = words.iter().all(|word| word.to_str().is_some());
    stay_unread(&words, all_text);
    for parameters in [declared(Additional::Forbidden), declared(Additional::Any), Parameters::any()] {
        let WordsOutcome::Arguments(read) = read_words(&parameters, &Map::new(), &words) else {
            assert!(words.iter().any(|word| word == "--help" || word == "-h"));
            continue;
        };
        assert!(all_text || !read.problems.is_empty(), "bytes that are no text came through");
        assert!(read.problems.iter().all(|problem| !problem.message.is_empty()));
        come_from(&read, &words);
        if read.problems.is_empty() {
            nothing_is_dropped(&read, &words, &parameters);
        }
        let _ = parameters.check(read.arguments);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(Value::Object(values)) = serde_json::from_str(text)
    {
        come_through(values);
    }
}

fn stay_unread(words: &[OsString], all_text: bool) {
    match unread_words(words) {
        Ok(arguments) => {
            let checked = script_arguments().check(arguments).unwrap();
            let Some(Value::Array(items)) = checked.find(SCRIPT_ARGUMENTS) else { panic!("{checked:?}") };
            assert!(items.iter().map(Value::as_str).eq(words.iter().map(|word| word.to_str())));
        }
        Err(_) => assert!(!all_text),
    }
}

fn declared(additional: Additional) -> Parameters {
    let text = || Type::String(StringBounds::default());
    let list = |items: Type| {
        let items = Schema::of(items);
        Type::Array(Box::new(ArrayType { items, min_items: None, max_items: None, unique: false }))
    };
    let open = ObjectType { properties: IndexMap::new(), additional: Additional::Any };
    let one = |(name, kind, required): (&str, Type, bool)| Parameter {
        name: name.to_owned(),
        schema: Schema::of(kind),
        required,
        allow_dash: false,
        beneath: None,
    };
    let all = vec![
        ("text", text(), true),
        ("count", Type::Integer(NumberBounds::default()), true),
        ("ratio", Type::Number(NumberBounds::default()), false),
        ("loud", Type::Boolean, false),
        ("tags", list(text()), false),
        ("grid", list(list(Type::Integer(NumberBounds::default()))), false),
        ("object", Type::Object(Box::new(open)), false),
        ("any", Type::Any, false),
        ("dry_run", Type::Boolean, false),
        ("rest", list(text()), true),
    ];
    Parameters { list: all.into_iter().map(one).collect(), additional, raw: None }
}

/// Every text that was read is a whole word, or all of a word after its first `=`, or stands in one as JSON.
fn come_from(read: &ReadWords, words: &[OsString]) {
    let whole = |text: &str| {
        words.iter().filter_map(|word| word.to_str()).any(|word| {
            word == text
                || word.split_once('=').is_some_and(|(flag, value)| flag.starts_with("--") && value == text)
        })
    };
    let json = |value: &Value| {
        let is_it = |word: &str| serde_json::from_str::<Value>(word).is_ok_and(|read| read == *value);
        words
            .iter()
            .filter_map(|word| word.to_str())
            .any(|word| is_it(word) || word.split_once('=').is_some_and(|(_, value)| is_it(value)))
    };
    for (name, value) in &read.arguments {
        let fits = |value: &Value| match value {
            Value::String(text) => whole(text) || text == "true" || text == "false",
            Value::Bool(true) => true,
            other => json(other),
        };
        let fits = match value {
            Value::Array(items) => items.iter().all(&fits) || json(value),
            other => fits(other),
        };
        assert!(fits, "`{name}` is {value}, and the words are {words:?}");
    }
}

/// A call without a problem has each of its words somewhere: a flag's name, its value, a bare word.
fn nothing_is_dropped(read: &ReadWords, words: &[OsString], parameters: &Parameters) {
    let folded = |name: &str| name.replace('-', "_");
    let mut ended = false;
    for word in words.iter().filter_map(|word| word.to_str()) {
        if word == "--" && !ended {
            ended = true;
            continue;
        }
        let is_value = read.arguments.values().any(|value| holds(value, word));
        let name = word.strip_prefix("--").map(|flag| flag.split('=').next().unwrap_or_default());
        let is_name = name.is_some_and(|name| {
            read.arguments.contains_key(name)
                || parameters.list.iter().any(|one| folded(&one.name) == folded(name))
                || parameters.list.iter().any(|one| format!("no_{}", folded(&one.name)) == folded(name))
        });
        assert!(is_value || is_name, "{word:?} is nowhere in {:?}", read.arguments);
    }
}

fn holds(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) if text == word => true,
        Value::Array(items) if items.iter().any(|item| holds(item, word)) => true,
        other => serde_json::from_str::<Value>(word).is_ok_and(|read| read == *other),
    }
}

/// Values that fit the parameters, written as words and read and checked again.
fn come_through(values: Map<String, Value>) {
    let parameters = declared(Additional::Forbidden);
    let Ok(arguments) = parameters.check(values) else { return };
    let mut words: Vec<OsString> = Vec::new();
    for (name, value) in arguments.iter() {
        match value {
            // Where anything goes, a text is told from other JSON by its quotes.
            Value::String(text) if name != "any" => words.push(format!("--{name}={text}").into()),
            Value::Bool(value) => words.push(format!("--{name}={value}").into()),
            other => words.extend([format!("--{name}").into(), other.to_string().into()]),
        }
    }
    let WordsOutcome::Arguments(read) = read_words(&parameters, &Map::new(), &words) else { panic!("help") };
    assert_eq!(read.problems, [], "{words:?}");
    let again = parameters.check(read.arguments);
    assert_eq!(again.map(|again| again.to_json()), Ok(arguments.to_json()), "{words:?}");
}
