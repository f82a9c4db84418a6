//! The part of a plan that a tool of another MCP server needs: the server, its name for the tool, and what is known of
//! how it speaks. The arguments go to the server as they are and are part of no command line and no URL.

use rye_runtimes::setting::{Setting, SettingValue};
use serde_json::Value;

use crate::chain::Primitive;
use crate::config_check::{invalid, no_tool};
use crate::error::Error;
use crate::plan::{PeerPlan, PeerReach};
use crate::planner::Planner;

impl Planner<'_> {
    /// Decides everything about the call of a server's tool.
    pub(crate) fn peer(&self) -> Result<PeerPlan, Error> {
        let resolution = self.resolution;
        let missing = || {
            let problems = vec![no_tool(&resolution.tool.metadata.place)];
            Error::InvalidDescriptor { problems }
        };
        let tool = self.peer_text("tool")?.filter(|tool| !tool.is_empty()).ok_or_else(missing)?;
        let input = self.peer_text("input")?;
        let answers_with_defaults = match (input.as_deref(), resolution.config.get("input")) {
            (Some("defaults"), _) => true,
            (None | Some("refused"), _) | (_, None) => false,
            (Some(_), Some(setting)) => {
                let hint = Some("known are `refused`, `defaults`");
                return Err(invalid(&setting.place, "`input` has no value that is known", hint));
            }
        };
        let annotations = &resolution.tool.metadata.annotations;
        Ok(PeerPlan {
            reach: match resolution.primitive {
                Primitive::Subprocess => PeerReach::Process(Box::new(self.process()?)),
                Primitive::HttpClient => PeerReach::Exchange(Box::new(self.exchange()?)),
            },
            tool,
            arguments: match self.invocation.arguments.to_json() {
                Value::Object(arguments) => arguments,
                _ => serde_json::Map::new(),
            },
            protocol: self.peer_text("protocol")?.filter(|protocol| !protocol.is_empty()),
            answers_with_defaults,
            repeatable: annotations.idempotent == Some(true) || annotations.read_only == Some(true),
            mirrored: self.mirrored()?,
        })
    }

    fn peer_text(&self, key: &str) -> Result<Option<String>, Error> {
        let Some(setting) = self.resolution.config.get(key) else { return Ok(None) };
        Ok(self.setting_text(key, setting)?.map(|text| text.to_string_lossy().into_owned()))
    }

    /// `[config.mirrored]`: header = the names that lead to the argument.
    fn mirrored(&self) -> Result<Vec<(String, Vec<String>)>, Error> {
        let Some(setting) = self.resolution.config.get("mirrored") else { return Ok(Vec::new()) };
        let wrong = |setting: &Setting| {
            let hint = Some("write `[config.mirrored]` with lines such as `Region = [\"region\"]`");
            Err(invalid(&setting.place, "`mirrored` is not a table of lists of names", hint))
        };
        let SettingValue::Table(table) = &setting.value else { return wrong(setting) };
        let mut mirrored = Vec::new();
        for (header, names) in table {
            let SettingValue::List(items) = &names.value else { return wrong(names) };
            let mut path = Vec::new();
            for item in items {
                match &item.value {
                    SettingValue::Text(template) => match template.literal() {
                        Some(name) => path.push(name.to_owned()),
                        None => return wrong(item),
                    },
                    _ => return wrong(item),
                }
            }
            mirrored.push((header.clone(), path));
        }
        Ok(mirrored)
    }
}
