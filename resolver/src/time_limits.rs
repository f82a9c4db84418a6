//! How long a run may take, and how long it may say nothing. The nearest word counts: of the call, of the tool, of
//! `rye.toml`, of the runtime; a default binds nobody who is there to end the run himself.

use std::time::Duration;

use rye_runtimes::call::Style;
use rye_tools::arguments::ArgumentProblem;

use crate::chain::Primitive;
use crate::config_check::invalid;
use crate::error::Error;
use crate::plan::{Attachment, DEFAULT_EXCHANGE_TIMEOUT, DEFAULT_TIMEOUT, TimeoutSource};
use crate::planner::Planner;

/// A limit, and who set it; `None`: no limit.
type TimeLimit = Option<(Duration, TimeoutSource)>;

impl Planner<'_> {
    /// How long all of it may take.
    pub(crate) fn timeout(&self) -> Result<TimeLimit, Error> {
        let default = if self.is_exchange() { DEFAULT_EXCHANGE_TIMEOUT } else { DEFAULT_TIMEOUT };
        let configured = self.resolver.config.limits.timeout;
        let answers = self.is_exchange() || self.resolution.style == Style::Mcp;
        let bound = answers || !self.invocation.options.unbounded_by_default;
        let limit = self.limit("timeout", self.invocation.options.timeout, configured, bound)?;
        let limit = limit.or_else(|| bound.then_some((default, TimeoutSource::Default)));
        Ok(limit.filter(|(limit, _)| !limit.is_zero()))
    }

    /// How long it may say nothing.
    pub(crate) fn idle_timeout(&self) -> Result<TimeLimit, Error> {
        let asked = self.invocation.options.idle_timeout;
        let limit = self.limit("idle_timeout", asked, self.resolver.config.limits.idle_timeout, true)?;
        let limit = limit.filter(|(limit, _)| !limit.is_zero());
        let (deaf, hint) = if self.resolution.style == Style::Mcp {
            return Ok(limit);
        } else if self.is_exchange() {
            ("an answer over HTTP has one time limit, and none for silence", "use `--timeout S`")
        } else if self.invocation.options.attachment == Attachment::Caller {
            ("silence has no limit where the tool's output does not come to rye", "capture it with `--json`")
        } else {
            return Ok(limit);
        };
        match limit {
            // What the call asks for is done, or refused; what others declare is for those who hear the tool.
            Some((_, TimeoutSource::Call)) => {
                let problem = ArgumentProblem::new("", deaf);
                Err(Error::InvalidArguments {
                    id: self.resolution.id.clone(),
                    problems: vec![problem.hint(hint)],
                })
            }
            _ => Ok(None),
        }
    }

    fn is_exchange(&self) -> bool {
        self.resolution.primitive == Primitive::HttpClient
    }

    /// What was said of a limit, the nearest word first. `bound`: defaults count.
    fn limit(
        &self,
        key: &str,
        asked: Option<Duration>,
        configured: Option<f64>,
        bound: bool,
    ) -> Result<TimeLimit, Error> {
        let declared = self.seconds(key)?;
        let own = self.resolution.tool.metadata.descriptor.config.contains_key(key);
        let configured = configured.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(match (asked, declared) {
            (Some(limit), _) => Some((limit, TimeoutSource::Call)),
            (None, Some(limit)) if own => Some((limit, TimeoutSource::Tool)),
            _ if !bound => None,
            _ => configured.or(declared).map(|limit| (limit, TimeoutSource::Default)),
        })
    }

    /// An option that is a number of seconds.
    pub(crate) fn seconds(&self, key: &str) -> Result<Option<Duration>, Error> {
        let Some(setting) = self.option(key) else { return Ok(None) };
        let text = self.setting_text(key, setting)?.unwrap_or_default();
        let number = text.to_str().and_then(|text| text.parse::<f64>().ok());
        match number.and_then(|number| Duration::try_from_secs_f64(number).ok()) {
            Some(duration) => Ok(Some(duration)),
            None => Err(invalid(
                &setting.place,
                format!("`{key}` is not a number of seconds"),
                Some("0 means no limit"),
            )),
        }
    }
}
