//! The part of a plan that an HTTP exchange needs. An argument in a URL is percent-encoded and cannot leave its
//! place; one in a body keeps its type.

use rye_runtimes::document::Place;
use rye_runtimes::setting::{Setting, SettingValue};
use rye_runtimes::template::{Filled, Filling, Fillings, Part, PlaceholderMode, Template, text_of};
use rye_tools::arguments::ArgumentProblem;
use serde_json::{Map, Value};

use crate::config::Said;
use crate::config_check::{before_path, invalid, reaches_path};
use crate::error::Error;
use crate::plan::{DEFAULT_MAX_BODY, DEFAULT_RETRIES, ExchangeAuth, ExchangeBody, ExchangePlan};
use crate::planner::Planner;

impl Planner<'_> {
    /// Decides everything about the exchange.
    pub(crate) fn exchange(&self) -> Result<ExchangePlan, Error> {
        let (url, shown_url) = self.url()?;
        let method = self.one_text("method")?.unwrap_or_else(|| "GET".to_owned());
        let mut allow_hosts = self.texts("allow_hosts")?;
        let (config, space) = (self.resolver.config(), self.resolution.space);
        allow_hosts.extend(Said::to(&config.allow_hosts, space).map(str::to_owned));
        Ok(ExchangePlan {
            method: method.to_ascii_uppercase(),
            url,
            shown_url,
            headers: self.headers()?,
            query: self.pairs("query")?,
            body: self.body()?,
            auth: self.auth()?,
            retries: self.count("retries")?.map_or(DEFAULT_RETRIES, |n| u32::try_from(n).unwrap_or(u32::MAX)),
            follow_redirects: self.boolean("follow_redirects")?.unwrap_or(true),
            max_body: self
                .count("max_body")?
                .map_or(DEFAULT_MAX_BODY, |n| usize::try_from(n).unwrap_or(usize::MAX)),
            allow_hosts,
            proxy: Said::to(&config.proxy, space).next().map(str::to_owned),
        })
    }

    /// The URL, and the same as it may be shown: what a variable gave may be secret.
    fn url(&self) -> Result<(String, String), Error> {
        let missing = || {
            let place = &self.resolution.tool.metadata.place;
            invalid(place, "no `url` in its chain", Some("add `url = \"https://…\"` to `[config]`"))
        };
        let setting = self.option("url").ok_or_else(missing)?;
        let SettingValue::Text(template) = &setting.value else {
            return Err(invalid(&setting.place, "`url` is not a string", None));
        };
        let (mut url, mut shown) = (String::new(), String::new());
        for part in template.parts() {
            match part {
                Part::Placeholder { name, mode } => {
                    if !reaches_path(&url) {
                        let problems = vec![before_path(&template.place, name)];
                        return Err(Error::InvalidDescriptor { problems });
                    }
                    let in_path = !url.contains(['?', '#']);
                    let argument = self.url_argument(&template.place, name, *mode, in_path)?;
                    url.push_str(&argument);
                    shown.push_str(&argument);
                }
                // One part at a time: the text before it is not looked at again.
                other => {
                    let alone = Template::of_parts(&template.place, vec![other.clone()]);
                    url.push_str(&self.text("url", &alone)?.unwrap_or_default().to_string_lossy());
                    shown.push_str(&alone.to_string());
                }
            }
        }
        Ok((url, shown))
    }

    fn url_argument(
        &self,
        place: &Place,
        name: &str,
        mode: PlaceholderMode,
        in_path: bool,
    ) -> Result<String, Error> {
        let text = match Fillings::placeholder(self, name) {
            Some(Filling::Json(Value::Null)) | None if mode != PlaceholderMode::Required => String::new(),
            Some(Filling::Json(value)) if !value.is_null() => text_of(&value),
            Some(Filling::Text(text)) => text.to_string_lossy().into_owned(),
            _ => return Err(invalid(place, format!("`url`: `{{{name}}}` has no value in this call"), None)),
        };
        if in_path && matches!(text.as_str(), "" | "." | "..") {
            let problem = ArgumentProblem::new(name, format!("{text:?} cannot stand in the path of a URL"));
            return Err(Error::InvalidArguments { id: self.resolution.id.clone(), problems: vec![problem] });
        }
        Ok(percent_encoded(&text))
    }

    /// Headers of every `http_config`, then those of `config` over them, by name whatever the case.
    fn headers(&self) -> Result<Vec<(String, String)>, Error> {
        let resources = self.resolution.env_config.resources.values();
        let layers = resources.filter_map(|found| found.exchange.get("headers"));
        let layers = layers.chain(self.resolution.config.get("headers"));
        let mut headers: Vec<(String, String)> = Vec::new();
        for setting in layers {
            let table = self.table("headers", setting)?;
            for (name, value) in table.into_iter().filter(|(_, value)| !value.is_null()) {
                headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
                headers.push((name, text_of(&value)));
            }
        }
        Ok(headers)
    }

    fn body(&self) -> Result<ExchangeBody, Error> {
        let given: Vec<_> =
            ["body", "form", "text"].into_iter().filter_map(|key| Some((key, self.option(key)?))).collect();
        match given.as_slice() {
            [] => Ok(ExchangeBody::Empty),
            [("body", setting)] => {
                Ok(self.value("body", setting)?.map_or(ExchangeBody::Empty, ExchangeBody::Json))
            }
            [("form", _)] => Ok(ExchangeBody::Form(self.pairs("form")?)),
            [_] => Ok(self.one_text("text")?.map_or(ExchangeBody::Empty, ExchangeBody::Text)),
            [_, (key, setting), ..] => Err(invalid(
                &setting.place,
                format!("`{key}` beside another body"),
                Some("keep one of `body`, `form`, `text`"),
            )),
        }
    }

    fn auth(&self) -> Result<Option<ExchangeAuth>, Error> {
        let Some(setting) = self.option("auth") else { return Ok(None) };
        let mut table = self.table("auth", setting)?;
        let mut take = |key: &str| table.shift_remove(key).map(|value| text_of(&value));
        let kind = take("type").unwrap_or_default();
        let missing = |key: &str| invalid(&setting.place, format!("`auth` has no `{key}`"), None);
        let auth = match kind.as_str() {
            "bearer" => ExchangeAuth::Bearer { token: take("token").ok_or_else(|| missing("token"))? },
            "api_key" => ExchangeAuth::ApiKey {
                header: take("header").ok_or_else(|| missing("header"))?,
                value: take("value").ok_or_else(|| missing("value"))?,
            },
            "basic" => ExchangeAuth::Basic {
                user: take("user").ok_or_else(|| missing("user"))?,
                password: take("password").ok_or_else(|| missing("password"))?,
            },
            _ => {
                let hint = Some("known are `bearer`, `api_key`, `basic`");
                // What a variable gave may be secret.
                let written = match &setting.value {
                    SettingValue::Table(table) => table.get("type").map(|setting| &setting.value),
                    _ => None,
                };
                let fact = match written {
                    Some(SettingValue::Text(template)) => format!("`auth` cannot have the type `{template}`"),
                    _ => "`auth` has no type that is known".to_owned(),
                };
                return Err(invalid(&setting.place, fact, hint));
            }
        };
        match table.keys().next() {
            Some(key) => Err(invalid(&setting.place, format!("`{key}` is not a key of this `auth`"), None)),
            None => Ok(Some(auth)),
        }
    }

    /// A table of texts, in order; a list gives its name once for each item.
    fn pairs(&self, key: &str) -> Result<Vec<(String, String)>, Error> {
        let Some(setting) = self.option(key) else { return Ok(Vec::new()) };
        let mut pairs = Vec::new();
        for (name, value) in self.table(key, setting)? {
            match value {
                Value::Array(items) => pairs.extend(items.iter().map(|item| (name.clone(), text_of(item)))),
                Value::Null => {}
                other => pairs.push((name, text_of(&other))),
            }
        }
        Ok(pairs)
    }

    /// A table, filled. Where the whole value is one `${VAR}`, the variable holds it as JSON; empty or unset is an
    /// empty table.
    pub(crate) fn table(&self, key: &str, setting: &Setting) -> Result<Map<String, Value>, Error> {
        let wrong = |what: &str| {
            let hint = format!("write `[config.{key}]`, or `${{VAR}}` with a JSON object in the variable");
            invalid(&setting.place, format!("`{key}` {what}"), Some(&hint))
        };
        if let SettingValue::Text(template) = &setting.value
            && let [Part::Variable { name, default }] = template.parts()
        {
            let text = Fillings::variable(self, name).map(|text| text.to_string_lossy().into_owned());
            let text = text.or_else(|| default.clone()).unwrap_or_default();
            if text.trim().is_empty() {
                return Ok(Map::new());
            }
            // What stands in the variable may be secret, and is not repeated.
            return match rye_tools::json::parse(&text) {
                Ok(Value::Object(table)) => Ok(table),
                _ => Err(wrong(&format!("is `${{{name}}}`, which does not hold a JSON object"))),
            };
        }
        match self.value(key, setting)? {
            Some(Value::Object(table)) => Ok(table),
            None => Ok(Map::new()),
            Some(_) => Err(wrong("is not a table")),
        }
    }

    /// A value, filled. `None`: it is left out.
    fn value(&self, key: &str, setting: &Setting) -> Result<Option<Value>, Error> {
        Ok(match &setting.value {
            SettingValue::Plain(value) => Some(value.clone()),
            SettingValue::Text(template) => match self.fill(key, template)? {
                Filled::Absent => None,
                Filled::Text(text) => Some(Value::String(text.to_string_lossy().into_owned())),
                Filled::Json(value) => Some(value),
                Filled::Items(items) => Some(Value::Array(items)),
            },
            SettingValue::List(items) => {
                let mut out = Vec::new();
                for item in items {
                    match (self.value(key, item)?, &item.value) {
                        (Some(Value::Array(items)), SettingValue::Text(template)) if spreads(template) => {
                            out.extend(items)
                        }
                        (value, _) => out.extend(value),
                    }
                }
                Some(Value::Array(out))
            }
            SettingValue::Table(table) => {
                let mut out = Map::new();
                for (name, setting) in table {
                    if let Some(value) = self.value(key, setting)? {
                        out.insert(name.clone(), value);
                    }
                }
                Some(Value::Object(out))
            }
        })
    }

    fn one_text(&self, key: &str) -> Result<Option<String>, Error> {
        let Some(setting) = self.option(key) else { return Ok(None) };
        Ok(self.setting_text(key, setting)?.map(|text| text.to_string_lossy().into_owned()))
    }

    fn texts(&self, key: &str) -> Result<Vec<String>, Error> {
        match self.option(key).map(|setting| (setting, self.value(key, setting))) {
            None => Ok(Vec::new()),
            Some((_, Ok(Some(Value::Array(items))))) => Ok(items.iter().map(text_of).collect()),
            Some((_, Err(error))) => Err(error),
            Some((setting, _)) => Err(invalid(&setting.place, format!("`{key}` is not a list"), None)),
        }
    }

    fn count(&self, key: &str) -> Result<Option<u64>, Error> {
        let Some(setting) = self.option(key) else { return Ok(None) };
        let text = self.setting_text(key, setting)?.unwrap_or_default();
        let count = text.to_str().and_then(|text| text.parse().ok());
        count.map(Some).ok_or_else(|| invalid(&setting.place, format!("`{key}` is not a whole number"), None))
    }
}

fn spreads(template: &Template) -> bool {
    template.placeholders().any(|(_, mode)| mode == PlaceholderMode::Spread)
}

/// A value in a URL: everything but RFC 3986's unreserved characters is encoded.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
