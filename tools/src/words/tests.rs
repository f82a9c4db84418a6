use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{ReadWords, WordsOutcome, read_words, script_arguments, unread_words};
use crate::parameter::{Parameter, Parameters};
use crate::schema::{Additional, ArrayType, NumberBounds, ObjectType, Schema, StringBounds, Type};

fn list(items: Type) -> Type {
    let items = Schema::of(items);
    Type::Array(Box::new(ArrayType { items, min_items: None, max_items: None, unique: false }))
}

fn parameters(list: Vec<(&str, Type, bool)>, additional: Additional) -> Parameters {
    let one = |(name, kind, required): (&str, Type, bool)| Parameter {
        name: name.to_owned(),
        schema: Schema::of(kind),
        required,
        allow_dash: false,
        beneath: None,
    };
    Parameters { list: list.into_iter().map(one).collect(), additional, raw: None }
}

fn demo() -> Parameters {
    let string = || Type::String(StringBounds::default());
    let object = ObjectType { properties: indexmap::IndexMap::new(), additional: Additional::Any };
    let maybe = Type::Union(vec![Schema::of(Type::Boolean), Schema::of(Type::Null)]);
    let all = vec![
        ("name", string(), true),
        ("count", Type::Integer(NumberBounds::default()), true),
        ("dry_run", Type::Boolean, false),
        ("maybe", maybe, false),
        ("tags", list(string()), false),
        ("grid", list(list(Type::Integer(NumberBounds::default()))), false),
        ("filter", Type::Object(Box::new(object)), false),
        ("free", Type::Any, false),
        ("no_color", string(), false),
        ("one_or_more", Type::Union(vec![Schema::of(string()), Schema::of(list(string()))]), false),
    ];
    parameters(all, Additional::Forbidden)
}

fn read(parameters: &Parameters, words: &[&str]) -> Result<Value, Vec<String>> {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    match read_words(parameters, &Map::new(), &words) {
        WordsOutcome::Help => Ok(json!("help")),
        WordsOutcome::Arguments(read) if read.problems.is_empty() => Ok(Value::Object(read.arguments)),
        WordsOutcome::Arguments(read) => Err(read
            .problems
            .iter()
            .map(|one| format!("{one} ({})", one.hint.as_deref().unwrap_or_default()))
            .collect()),
    }
}

#[test]
fn bare_words_pass_over_what_the_call_has_already() {
    let already = Map::from_iter([("name".to_owned(), json!("given"))]);
    let WordsOutcome::Arguments(read) = read_words(&demo(), &already, &["x".into()]) else { panic!() };
    assert!(read.problems.is_empty() || read.problems[0].message.contains("left over"), "{read:?}");
    assert!(!read.arguments.contains_key("name"));
}

#[test]
fn words_find_their_parameters() {
    for (words, wanted) in [
        (&["--name", "a", "--count=2"][..], json!({"name": "a", "count": "2"})),
        (&["--name", "--count", "2"], json!({"name": "--count", "count": "2"})),
        (&["--name", "--help", "1"], json!({"name": "--help", "count": "1"})),
        (&["--name=a=b", "--count", "-5"], json!({"name": "a=b", "count": "-5"})),
        (&["--name="], json!({"name": ""})),
        (&["a", "2"], json!({"name": "a", "count": "2"})),
        (&["2", "--name", "a"], json!({"name": "a", "count": "2"})),
        (&["--dry-run", "a"], json!({"name": "a", "dry_run": "true"})),
        (&["--no-dry-run", "--no_maybe"], json!({"dry_run": "false", "maybe": "false"})),
        (&["--dry_run=false"], json!({"dry_run": "false"})),
        (&["--no-color", "x"], json!({"no_color": "x"})),
        (&["--tags", "a", "--tags", "[b"], json!({"tags": ["a", "[b"]})),
        (&["--tags", "a"], json!({"tags": ["a"]})),
        (&["--tags=[\"a\",\"b\"]"], json!({"tags": ["a", "b"]})),
        (&["--tags=[]"], json!({"tags": []})),
        (&["--tags=[]", "--tags=[]"], json!({"tags": ["[]", "[]"]})),
        (&["--grid=[1,2]"], json!({"grid": ["[1,2]"]})),
        (&["--grid=[[1],[2]]"], json!({"grid": [[1], [2]]})),
        (&["--filter", "{\"a\":1}"], json!({"filter": "{\"a\":1}"})),
        (&["--free", "{\"a\":1}"], json!({"free": {"a": 1}})),
        (&["--free", "plain"], json!({"free": "plain"})),
        (&["--one-or-more", "a"], json!({"one_or_more": "a"})),
        (&["--one-or-more", "a", "--one-or-more", "b"], json!({"one_or_more": ["a", "b"]})),
        (&["--", "--name", "-1"], json!({"name": "--name", "count": "-1"})),
        (&["a", "--help"], json!("help")),
        (&["--wrong", "-h"], json!("help")),
        (&["--", "--help"], json!({"name": "--help"})),
    ] {
        assert_eq!(read(&demo(), words), Ok(wanted), "{words:?}");
    }
}

#[test]
fn words_without_a_place_are_told() {
    let takes = "the tool takes `--name`, `--count`, `--dry_run`, `--maybe`, `--tags`, `--grid`, `--filter`, \
                 `--free`, `--no_color`, `--one_or_more`";
    for (words, wanted) in [
        (&["--nmae", "a"][..], "unknown flag `--nmae` (did you mean `--name`?)".to_owned()),
        (&["--json"], "unknown flag `--json` (`--json` is rye's own: put it before the tool's name)".into()),
        (&["--zzzzzz"], format!("unknown flag `--zzzzzz` ({takes})")),
        (&["--name"], "`name`: the value is missing (write `--name <str>`)".into()),
        (&["--name", "a", "--name", "b"], "`name`: given more than once ()".into()),
        (&["--dry-run", "--no-dry-run"], "`dry_run`: given more than once ()".into()),
        (&["--no-dry-run=1"], "`dry_run`: `--no-dry-run` takes no value ()".into()),
        (&["a", "1", "b"], format!("word is left over: `b` ({takes})")),
    ] {
        assert_eq!(read(&demo(), words), Err(vec![wanted]), "{words:?}");
    }
    let none = read(&Parameters::none(), &["a", "b"]);
    assert_eq!(none, Err(vec!["words are left over: `a`, `b` (the tool takes no arguments)".into()]));
}

#[test]
fn a_last_required_list_takes_the_rest() {
    let string = || Type::String(StringBounds::default());
    let all =
        parameters(vec![("to", string(), true), ("files", list(string()), true)], Additional::Forbidden);
    assert_eq!(read(&all, &["x", "a", "b"]), Ok(json!({"to": "x", "files": ["a", "b"]})));
}

#[test]
fn a_tool_that_takes_anything_takes_any_flag() {
    let words = ["--a", "1", "--b", "--c=x", "--d", "\"q\"", "--e", "-1", "--f"];
    let wanted = json!({"a": 1, "b": true, "c": "x", "d": "\"q\"", "e": -1, "f": true});
    assert_eq!(read(&Parameters::any(), &words), Ok(wanted));
    assert!(read(&Parameters::any(), &["--a", "1", "--a", "2"]).is_err());
    assert!(read(&Parameters::any(), &["--", "--a"]).is_err());
}

#[test]
fn a_parameter_called_help_takes_no_help_away() {
    let all = parameters(vec![("help", Type::Boolean, false)], Additional::Forbidden);
    assert_eq!(read(&all, &["--help"]), Ok(json!("help")));
    assert_eq!(read(&all, &["--help=true"]), Ok(json!({"help": "true"})));
    assert_eq!(read(&all, &["--no-help"]), Ok(json!({"help": "false"})));
}

#[test]
fn bytes_that_are_no_text_name_their_parameter() {
    let bad = |prefix: &str| {
        let mut bytes = prefix.as_bytes().to_vec();
        bytes.push(0xff);
        OsString::from_vec(bytes)
    };
    for (words, path) in [
        (vec![bad("--name=")], "name"),
        (vec!["--name".into(), bad("x")], "name"),
        (vec![bad("x")], "name"),
        (vec![bad("--")], ""),
    ] {
        let WordsOutcome::Arguments(ReadWords { problems, .. }) = read_words(&demo(), &Map::new(), &words)
        else {
            panic!("no help was asked for")
        };
        assert_eq!((problems.len(), problems[0].path.as_str()), (1, path));
    }
    assert_eq!(unread_words(&["a".into(), bad("")]).unwrap_err().path, "args[1]");
}

#[test]
fn words_of_a_script_stay_unread() {
    let given = unread_words(&["--x".into(), "--".into(), "[1]".into()]).unwrap();
    let checked = script_arguments().check(given).unwrap();
    assert_eq!(checked.to_json(), json!({"args": ["--x", "--", "[1]"]}));
}

/// A value as somebody would write it.
fn words_of(name: &str, value: &Value) -> Vec<OsString> {
    match value {
        Value::Bool(true) => vec![format!("--{name}").into()],
        Value::Bool(false) => vec![format!("--no-{name}").into()],
        Value::Array(items) if items.len() > 1 && items.iter().all(Value::is_string) => {
            let words = items.iter().filter_map(Value::as_str);
            words.flat_map(|item| [format!("--{name}").into(), item.into()]).collect()
        }
        Value::String(text) => vec![format!("--{name}={text}").into()],
        other => vec![format!("--{name}").into(), other.to_string().into()],
    }
}

proptest! {
    #[test]
    fn typed_values_survive_the_command_line(
        name in any::<String>(),
        count in any::<i64>(),
        ratio in prop::num::f64::NORMAL,
        loud in any::<bool>(),
        tags in prop::collection::vec(any::<String>(), 0..4),
        grid in prop::collection::vec(prop::collection::vec(any::<i32>(), 0..3), 0..4),
        object in prop::collection::btree_map(any::<String>(), any::<u64>(), 0..3),
    ) {
        let number = NumberBounds::default;
        let open = ObjectType { properties: indexmap::IndexMap::new(), additional: Additional::Any };
        let all = parameters(
            vec![
                ("name", Type::String(StringBounds::default()), true),
                ("count", Type::Integer(number()), true),
                ("ratio", Type::Number(number()), false),
                ("loud", Type::Boolean, false),
                ("tags", list(Type::String(StringBounds::default())), false),
                ("grid", list(list(Type::Integer(number()))), false),
                ("object", Type::Object(Box::new(open)), false),
            ],
            Additional::Forbidden,
        );
        let value = json!({
            "name": name, "count": count, "ratio": ratio, "loud": loud, "tags": tags, "grid": grid, "object": object,
        });
        let Value::Object(members) = &value else { unreachable!() };
        let words: Vec<OsString> = members.iter().flat_map(|(name, value)| words_of(name, value)).collect();
        let read: Map<String, Value> = match read_words(&all, &Map::new(), &words) {
            WordsOutcome::Arguments(read) if read.problems.is_empty() => read.arguments,
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        let checked = all.check(read);
        prop_assert_eq!(checked.map(|checked| checked.to_json()), Ok(value));
    }

    #[test]
    fn no_words_are_fatal(words in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..5)) {
        let words: Vec<OsString> = words.into_iter().map(OsString::from_vec).collect();
        let _ = read_words(&demo(), &Map::new(), &words);
        let _ = read_words(&Parameters::any(), &Map::new(), &words);
    }
}
