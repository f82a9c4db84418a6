//! What a server asks back, and the one answer that needs nobody: the defaults that a form declares.
//! Nothing is invented: a form that wants more than it has defaults for is declined.

use serde_json::{Map, Value, json};

/// What is done when a server asks back for input (`elicitation/create`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// The server is told that nobody is there to ask; a tool that cannot do without fails.
    #[default]
    Refused,
    /// A form is accepted with the defaults it declares, as if a person had pressed return; any other is declined.
    Defaults,
}

impl Input {
    /// What the other side is told that we can do.
    pub(crate) fn capabilities(self) -> Value {
        match self {
            Self::Refused => json!({}),
            Self::Defaults => json!({ "elicitation": {} }),
        }
    }

    /// The answer to a request for input; `None`: it is not supported.
    pub(crate) fn answer(self, method: &str, params: &Value) -> Option<Value> {
        if self == Self::Refused || method != "elicitation/create" {
            return None;
        }
        Some(match defaults(params) {
            Some(content) => json!({ "action": "accept", "content": content }),
            None => json!({ "action": "decline" }),
        })
    }
}

fn defaults(params: &Value) -> Option<Map<String, Value>> {
    // A page to visit wants a person.
    if params.get("mode").is_some_and(|mode| mode != "form") {
        return None;
    }
    let schema = params.get("requestedSchema")?;
    let properties = schema.get("properties")?.as_object()?;
    let filled = properties.iter().filter_map(|(name, schema)| Some((name, schema.get("default")?)));
    let filled: Map<String, Value> = filled.map(|(name, value)| (name.clone(), value.clone())).collect();
    let required = schema.get("required").and_then(Value::as_array);
    let missing = |name: &Value| name.as_str().is_none_or(|name| !filled.contains_key(name));
    if required.into_iter().flatten().any(missing) { None } else { Some(filled) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Input;

    #[test]
    fn a_form_gets_its_own_defaults_and_nothing_else() {
        let answer =
            |schema| Input::Defaults.answer("elicitation/create", &json!({ "requestedSchema": schema }));
        let properties = json!({"a": {"type": "string", "default": "x"}, "b": {"type": "number"}});
        assert_eq!(
            answer(json!({"properties": properties, "required": ["a"]})),
            Some(json!({"action": "accept", "content": {"a": "x"}}))
        );
        let declined = Some(json!({"action": "decline"}));
        assert_eq!(answer(json!({"properties": properties, "required": ["a", "b"]})), declined);
        assert_eq!(answer(json!(3)), declined);
        let page = json!({"mode": "url", "url": "https://a.test", "requestedSchema": {"properties": {}}});
        assert_eq!(Input::Defaults.answer("elicitation/create", &page), declined);
        assert_eq!(Input::Defaults.answer("sampling/createMessage", &json!({})), None);
        assert_eq!(Input::Refused.answer("elicitation/create", &json!({})), None);
    }
}
