//! What the result of a `tools/call` means: data, or why there is none. Data is what the server wrote, no number of it
//! changed; what is more than data and text is put into the envelope that an MCP client of ours passes on.

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::talk::{short, short_to};

/// How much of an error's text is told; the whole is in the data.
const MAX_MESSAGE: usize = 8000;

/// What a result means.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) data: Option<Box<RawValue>>,
    /// What must fit the tool's `output_schema`.
    pub(crate) promised: Option<Box<RawValue>>,
    /// The tool says that it failed, and why.
    pub(crate) failed: Option<String>,
    /// What it said that is no data.
    pub(crate) besides: Besides,
}

/// What a server said besides the data of its result: for those who pass results on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Besides {
    /// The blocks of its content, as the result envelope has them. Empty where the data says the same.
    pub content: Vec<Value>,
    /// Its `_meta`, but for the protocol's own keys, which are between it and us.
    pub meta: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(default)]
    content: Vec<Value>,
    #[serde(default)]
    structured_content: Option<Box<RawValue>>,
    #[serde(default)]
    is_error: bool,
    #[serde(default, rename = "_meta")]
    meta: Option<Map<String, Value>>,
}

/// Reads a result.
pub(crate) fn verdict(result: &RawValue) -> Result<Verdict, Failure> {
    let misspelled = |error: serde_json::Error| Failure::Misspelled {
        method: "tools/call".to_owned(),
        what: short(&error.to_string()),
    };
    let Fields { content, structured_content, is_error, meta } =
        serde_json::from_str(result.get()).map_err(misspelled)?;
    let texts: Option<Vec<&str>> = content.iter().map(plain_text).collect();
    let told: Vec<&str> = content.iter().filter_map(plain_text).collect();
    let failed = is_error.then(|| match told.join("\n") {
        text if text.is_empty() => "the tool failed, and does not say why".to_owned(),
        text => short_to(&text, MAX_MESSAGE),
    });
    let data = match (texts, &structured_content) {
        (Some(_), Some(data)) => Some(data.clone()),
        (Some(texts), None) if texts.is_empty() => None,
        // A failure says its text once; what of it was cut is in the data.
        (Some(texts), None) => {
            let text = texts.join("\n");
            if is_error && text.len() <= MAX_MESSAGE { None } else { to_raw_value(&text).ok() }
        }
        (None, data) => Some(envelope(&content, data.as_deref(), is_error)?),
    };
    let mut besides = Besides { content: Vec::new(), meta: kept_meta(meta.unwrap_or_default()) };
    if let (true, Some(data)) = (told.len() == content.len() && !told.is_empty(), &structured_content)
        && !says_the_same(&told, data)
    {
        besides.content = content.iter().map(block).collect();
    }
    let promised = structured_content.or_else(|| data.clone());
    Ok(Verdict { data, promised, failed, besides })
}

/// Whether texts are nothing but data once more, for clients that show text alone. Frameworks wrap what is no object as
/// `{"result": …}`, and give a list a block for each item.
fn says_the_same(texts: &[&str], data: &RawValue) -> bool {
    let Ok(data) = serde_json::from_str::<Value>(data.get()) else { return false };
    let says = |text: &str, value: &Value| {
        value.as_str() == Some(text) || serde_json::from_str::<Value>(text).is_ok_and(|read| read == *value)
    };
    let wrapped = data.as_object().filter(|object| object.len() == 1).and_then(|object| object.get("result"));
    let joined = texts.join("\n");
    std::iter::once(&data).chain(wrapped).any(|value| {
        let items = value.as_array().filter(|items| items.len() == texts.len());
        says(&joined, value)
            || items.is_some_and(|items| texts.iter().zip(items).all(|(text, item)| says(text, item)))
    })
}

/// How many bytes of `_meta` are passed on.
const MAX_META: usize = 64 << 10;

fn kept_meta(meta: Map<String, Value>) -> Map<String, Value> {
    let own = |key: &str| {
        let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
        ["io.modelcontextprotocol", "rye"].contains(&prefix) || key == "progressToken"
    };
    let kept: Map<_, _> = meta.into_iter().filter(|(key, _)| !own(key)).collect();
    if Value::Object(kept.clone()).to_string().len() > MAX_META { Map::new() } else { kept }
}

/// The text of a block that is nothing but text.
fn plain_text(block: &Value) -> Option<&str> {
    let is_text = block.get("type").and_then(Value::as_str) == Some("text");
    block.get("text").and_then(Value::as_str).filter(|_| is_text)
}

fn envelope(content: &[Value], data: Option<&RawValue>, is_error: bool) -> Result<Box<RawValue>, Failure> {
    #[derive(serde::Serialize)]
    struct Envelope<'e> {
        mcp_result: Inner<'e>,
    }
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Inner<'e> {
        content: Vec<Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        structured_content: Option<&'e RawValue>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    }
    let inner = Inner { content: content.iter().map(block).collect(), structured_content: data, is_error };
    to_raw_value(&Envelope { mcp_result: inner }).map_err(|error| Failure::Misspelled {
        method: "tools/call".to_owned(),
        what: short(&error.to_string()),
    })
}

/// A block as the envelope knows it; one of a kind that it does not know becomes text.
fn block(block: &Value) -> Value {
    const LINK: &[&str] = &["uri", "name", "title", "description", "mimeType", "size"];
    let kind = block.get("type").and_then(Value::as_str).unwrap_or_default();
    let known: Option<Map<String, Value>> = match kind {
        "text" => kept(block, &["text"], &["text"]),
        "image" | "audio" => kept(block, &["data", "mimeType"], &["data", "mimeType"]),
        "resource_link" => kept(block, LINK, &["uri", "name"]),
        "resource" => block
            .get("resource")
            .and_then(|inner| kept(inner, &["uri", "mimeType", "text", "blob", "_meta"], &["uri"]))
            .filter(|inner| inner.contains_key("text") != inner.contains_key("blob"))
            .map(|inner| Map::from_iter([("resource".to_owned(), Value::Object(inner))])),
        _ => None,
    };
    let Some(fields) = known else { return json!({ "type": "text", "text": block.to_string() }) };
    let mut whole = Map::from_iter([("type".to_owned(), Value::from(kind))]);
    whole.extend(fields);
    let for_whom = block.get("annotations");
    if let Some(for_whom) =
        for_whom.and_then(|given| kept(given, &["audience", "priority", "lastModified"], &[]))
    {
        whole.insert("annotations".to_owned(), Value::Object(for_whom));
    }
    Value::Object(whole)
}

/// The known keys of an object that has all it must have; null is absent.
fn kept(object: &Value, known: &[&str], wanted: &[&str]) -> Option<Map<String, Value>> {
    let object = object.as_object()?;
    let fields = known.iter().filter_map(|key| Some(((*key).to_owned(), object.get(*key)?.clone())));
    let fields: Map<String, Value> = fields.filter(|(_, value)| !value.is_null()).collect();
    wanted.iter().all(|key| fields.get(*key).is_some_and(Value::is_string)).then_some(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::{Besides, verdict};

    fn read(text: &str) -> (String, Option<String>) {
        let verdict = verdict(&RawValue::from_string(text.to_owned()).unwrap()).unwrap();
        (verdict.data.map_or_else(String::new, |data| data.get().to_owned()), verdict.failed)
    }

    #[test]
    fn data_is_what_the_server_wrote() {
        for (text, data) in [
            (r#"{"content":[{"type":"text","text":"a"}]}"#, r#""a""#),
            (r#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, r#""a\nb""#),
            (
                r#"{"content":[{"type":"text","text":"x"}],"structuredContent":{"n":1.10,"m":123456789012345678901}}"#,
                r#"{"n":1.10,"m":123456789012345678901}"#,
            ),
            (r#"{"content":[]}"#, ""),
            (r#"{}"#, ""),
            (
                r#"{"content":[{"type":"image","data":"QQ==","mimeType":"image/png","_meta":{}}]}"#,
                r#"{"mcp_result":{"content":[{"type":"image","data":"QQ==","mimeType":"image/png"}]}}"#,
            ),
            (
                r#"{"content":[{"type":"hologram","x":1}]}"#,
                r#"{"mcp_result":{"content":[{"type":"text","text":"{\"type\":\"hologram\",\"x\":1}"}]}}"#,
            ),
            (
                r#"{"content":[{"type":"resource","resource":{"uri":"a:b","text":"t","blob":null},"annotations":{"priority":1,"x":2}}],"structuredContent":{"a":1}}"#,
                r#"{"mcp_result":{"content":[{"type":"resource","resource":{"uri":"a:b","text":"t"},"annotations":{"priority":1}}],"structuredContent":{"a":1}}}"#,
            ),
        ] {
            assert_eq!(read(text), (data.to_owned(), None), "{text}");
        }
    }

    #[test]
    fn what_a_server_says_besides_its_data_is_kept() {
        let besides = |text: &str| verdict(&RawValue::from_string(text.to_owned()).unwrap()).unwrap().besides;
        for same in [
            r#"{"content":[{"type":"text","text":"{\"n\": 3}"}],"structuredContent":{"n":3}}"#,
            r#"{"content":[{"type":"text","text":"hello"}],"structuredContent":{"result":"hello"}}"#,
            r#"{"content":[{"type":"text","text":"3"}],"structuredContent":{"result":3}}"#,
            r#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"structuredContent":{"result":["a","b"]}}"#,
            r#"{"content":[],"structuredContent":{"n":3}}"#,
            r#"{"content":[{"type":"text","text":"hello"}]}"#,
        ] {
            assert_eq!(besides(same), Besides::default(), "{same}");
        }
        let more = besides(
            r#"{"content":[{"type":"text","text":"3 rows were deleted","_meta":{}}],"structuredContent":{"n":3},
                "_meta":{"a/b":1,"io.modelcontextprotocol/serverInfo":{},"rye/retry-after-ms":1}}"#,
        );
        assert_eq!(more.content, [json!({"type": "text", "text": "3 rows were deleted"})]);
        assert_eq!(Value::Object(more.meta), json!({"a/b": 1}));
    }

    #[test]
    fn a_failure_tells_its_text_once_and_harmless() {
        let failed = read("{\"isError\":true,\"content\":[{\"type\":\"text\",\"text\":\"no \\u001b[31m\"}]}");
        assert_eq!(failed, (String::new(), Some("no \\u{1b}[31m".to_owned())));
        assert!(read(r#"{"isError":true}"#).1.unwrap().contains("does not say why"));
        let long =
            format!(r#"{{"isError":true,"content":[{{"type":"text","text":"{}"}}]}}"#, "y".repeat(9000));
        let (data, message) = read(&long);
        assert!(data.len() > 9000 && message.unwrap().len() < 8100);
    }

    #[test]
    fn what_is_misspelled_is_told() {
        for text in ["3", r#"{"content":"text"}"#, r#"{"isError":"no"}"#] {
            let result = RawValue::from_string(text.to_owned()).unwrap();
            assert!(verdict(&result).is_err(), "{text}");
        }
    }
}
