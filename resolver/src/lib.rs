//! From an id to a plan: `ToolId -> Resolution -> Invocation -> Plan`. This crate reads files; it opens no socket
//! and starts no process. The one thing it writes is what a catalogue remembers, where the front end says.

mod beneath;
mod candidates;
mod card;
mod catalogue;
mod chain;
mod claims;
mod command_line;
mod config;
mod config_check;
mod content_hash;
mod dotenv;
pub mod environment;
mod error;
mod exchange_plan;
mod files;
mod host;
mod idempotency;
mod in_order;
mod index;
mod interpreter;
mod item;
mod list;
mod locate;
pub mod lossy_path;
mod mcp_config;
mod open_folder;
mod peer_plan;
mod plan;
mod planner;
mod process_plan;
mod resolution;
mod spaces;
mod stamp;
mod survey;
mod time_limits;
mod understood;
mod walk;

#[cfg(any(test, fuzzing))]
pub mod properties;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

use std::path::PathBuf;
use std::sync::Arc;

use rye_runtimes::document::Problem;
use rye_runtimes::{ItemId, nearest};
use rye_tools::arguments::Arguments;
use serde_json::{Map, Value};

pub use card::{Card, Kind, Offer};
pub use catalogue::{Catalogue, Catalogued};
pub use chain::{Bootstrap, FileBeside, Link, Primitive};
pub use claims::{Claim, Claims};
pub use config::{CallerLimits, Config, Limits, Said};
pub use config_check::{CONFIG_KEYS, EXCHANGE_KEYS, PEER_KEYS};
pub use content_hash::ContentHash;
pub use dotenv::holds_secrets;
pub use error::Error;
pub use files::{
    MAX_FILE_SIZE, RefusedFile, RefusedReason, SourceFile, ToolsFolder, hexadecimal, read_to_show, sha256,
};
pub use host::Host;
pub use idempotency::{IdempotencyKey, InvalidIdempotencyKey, Once};
pub use interpreter::{Interpreter, Trail, Tried, WhyNot};
pub use item::{FoundItem, PassedOver, PassedOverReason, UNLISTED_FOLDERS};
pub use list::{Listed, Listing};
pub use mcp_config::{DEFAULT_THRESHOLD, McpConfig, McpMode, McpSchemas};
pub use plan::{
    Action, Attachment, CallOptions, DEFAULT_EXCHANGE_TIMEOUT, DEFAULT_GRACE, DEFAULT_MAX_BODY,
    DEFAULT_MAX_OUTPUT, DEFAULT_RETRIES, DEFAULT_TIMEOUT, ExchangeAuth, ExchangeBody, ExchangePlan,
    FunctionCall, Invocation, Outline, PeerPlan, PeerReach, Plan, ProcessPlan, StdinPlan, TimeoutSource,
};
pub use planner::PLACEHOLDERS;
pub use resolution::Resolution;
pub use spaces::{Root, Space, Spaces};
pub use survey::RuntimeSurvey;
use understood::Understood;
pub use walk::KnownId;

/// How many items a chain may have, tool and primitive counted.
pub const MAX_CHAIN: usize = 10;

/// How often a nearest id is looked for among those that a path gives.
const MAX_NEAREST: usize = 5;

/// Finds tools for one caller: its spaces, configuration and claims, read once.
#[derive(Debug)]
pub struct Resolver {
    host: Host,
    spaces: Spaces,
    config: Config,
    claims: Claims,
    understood: Understood,
}

impl Resolver {
    /// Finds the caller's spaces and reads their configuration.
    ///
    /// # Errors
    /// A named project is not there, or a `rye.toml` is wrong.
    pub fn new(host: Host) -> Result<Self, Error> {
        let spaces = Spaces::find(&host)?;
        let config = Config::read(&host, &spaces.roots)?;
        let claims = Claims::read(&spaces.roots, &config);
        Ok(Self { host, spaces, config, claims, understood: Understood::default() })
    }

    /// The same, for those who only look: a `rye.toml` that is wrong is told apart and counts as empty.
    ///
    /// # Errors
    /// A named project is not there.
    pub fn new_to_look(host: Host) -> Result<(Self, Vec<Problem>), Error> {
        let spaces = Spaces::find(&host)?;
        let (config, problems) = match Config::read(&host, &spaces.roots) {
            Ok(config) => (config, Vec::new()),
            Err(Error::InvalidConfig { problems }) => (Config::default(), problems),
            Err(error) => return Err(error),
        };
        let claims = Claims::read(&spaces.roots, &config);
        Ok((Self { host, spaces, config, claims, understood: Understood::default() }, problems))
    }

    /// The same spaces with what their `rye.toml` and their runtimes say now.
    ///
    /// # Errors
    /// A `rye.toml` is wrong.
    pub fn reread(&self) -> Result<Self, Error> {
        let spaces = self.spaces.seen_again();
        let config = Config::read(&self.host, &spaces.roots)?;
        let claims = Claims::read(&spaces.roots, &config);
        let (host, understood) = (self.host.clone(), self.understood.clone());
        Ok(Self { host, spaces, config, claims, understood })
    }

    /// What the front end captured.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The caller's spaces.
    #[must_use]
    pub fn spaces(&self) -> &Spaces {
        &self.spaces
    }

    /// What `rye.toml` says.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Finds a tool and follows its chain. A short id with no exact match may be the unique last part of a longer
    /// one; the first space with a match decides.
    ///
    /// # Errors
    /// There is no such tool, or something in its chain is missing, wrong or refused.
    pub fn resolve(&self, id: &ItemId) -> Result<Resolution, Error> {
        let mut passed_over = Vec::new();
        for root in &self.spaces.roots {
            let search = self.in_root(root, id)?;
            passed_over.extend(search.passed_over);
            if let Some(found) = search.found {
                return self.follow(found);
            }
        }
        if let Some(found) = self.in_core(id)? {
            return self.follow(found);
        }
        if id.is_short() {
            for root in &self.spaces.roots {
                if let Some(found) = self.by_last_segment(root, id, &mut passed_over)? {
                    return self.follow(found);
                }
            }
        }
        Err(self.not_found(id, passed_over))
    }

    /// The tool of one space whose id has `id` as its last segment. Only files of that name are read; one that is
    /// broken may be what was meant, and counts.
    fn by_last_segment(
        &self,
        root: &Root,
        id: &ItemId,
        passed_over: &mut Vec<PassedOver>,
    ) -> Result<Option<FoundItem>, Error> {
        let mut candidates = Vec::new();
        // The exact id was looked at before.
        let fits = |known: &ItemId| known.last_segment() == id.as_str() && known != id;
        for known in self.ids_in(root).into_iter().filter(fits) {
            match self.in_root(root, &known) {
                Ok(search) => {
                    passed_over.extend(search.passed_over);
                    match search.found {
                        Some(found) if found.is_runtime() => {
                            let path = found.file.map_or_else(PathBuf::new, |file| file.path.clone());
                            passed_over.push(PassedOver { path, reason: PassedOverReason::Runtime });
                        }
                        found => candidates.extend(found.map(|found| (known, Ok(found)))),
                    }
                }
                Err(error) => candidates.push((known, Err(error))),
            }
        }
        match (candidates.pop(), candidates.is_empty()) {
            (None, _) => Ok(None),
            (Some((_, one)), true) => one.map(Some),
            (Some(last), false) => {
                candidates.push(last);
                let candidates = candidates.into_iter().map(|(known, _)| known).collect();
                Err(Error::Ambiguous { id: id.clone(), candidates })
            }
        }
    }

    /// Checks arguments against a resolved tool.
    ///
    /// # Errors
    /// [`Error::InvalidArguments`] with all problems.
    pub fn invoke(
        &self,
        resolution: Arc<Resolution>,
        arguments: Map<String, Value>,
        options: CallOptions,
    ) -> Result<Invocation, Error> {
        let arguments: Arguments = resolution
            .tool
            .parameters
            .check(arguments)
            .map_err(|problems| Error::InvalidArguments { id: resolution.id.clone(), problems })?;
        Ok(Invocation { resolution, arguments, options })
    }

    /// Follows the chain of a tool that a listing gave.
    ///
    /// # Errors
    /// Something in its chain is missing, wrong or refused.
    pub fn resolve_item(&self, found: FoundItem) -> Result<Resolution, Error> {
        self.follow(found)
    }

    /// Follows the chain of a runtime that a listing gave, down to its primitive.
    ///
    /// # Errors
    /// Something in its chain, or its bootstrap, is missing, wrong or refused.
    pub fn check_runtime(&self, found: FoundItem) -> Result<(), Error> {
        self.follow_runtime(found)
    }

    /// What is wrong with the chain of a tool that no single file shows: options that its primitive does not know,
    /// placeholders that nothing fills.
    ///
    /// # Errors
    /// [`Error::InvalidDescriptor`] with all problems.
    pub fn check(&self, resolution: &Resolution) -> Result<(), Error> {
        config_check::check_config(resolution)
    }

    fn not_found(&self, id: &ItemId, passed_over: Vec<PassedOver>) -> Error {
        let others = self.spaces.roots.iter().flat_map(|root| self.ids_in(root));
        let mut known: Vec<ItemId> = others.filter(|known| known != id).collect();
        known.sort();
        known.dedup();
        // What a path names may be a module or data: then the next nearest is meant. A few are enough.
        let mut nearest = Vec::new();
        for _ in 0..MAX_NEAREST {
            let near = near(id, &known);
            let (near, rest): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| near.contains(known));
            let is_last = near.is_empty();
            known = rest;
            nearest.extend(near.into_iter().filter(|near| self.may_be_tool(near)));
            if is_last || !nearest.is_empty() {
                break;
            }
        }
        Error::ToolNotFound {
            id: id.clone(),
            searched: self.searched(),
            passed_over,
            nearest,
            foreign_project: self.spaces.foreign_project.clone(),
        }
    }

    /// Whether a file of that id is a tool, or a broken one.
    fn may_be_tool(&self, id: &ItemId) -> bool {
        self.spaces.roots.iter().any(|root| match self.in_root(root, id) {
            Ok(search) => search.found.is_some_and(|found| !found.is_runtime()),
            Err(_) => true,
        })
    }

    /// The folders in which tools are looked for.
    fn searched(&self) -> Vec<PathBuf> {
        self.spaces.roots.iter().map(|root| root.path.join("tools")).collect()
    }

    /// A runtime, asked for as if it were a tool.
    fn not_a_tool(&self, id: &ItemId) -> Error {
        let passed_over =
            vec![PassedOver { path: PathBuf::from(id.as_str()), reason: PassedOverReason::Runtime }];
        Error::ToolNotFound {
            id: id.clone(),
            searched: self.searched(),
            passed_over,
            nearest: Vec::new(),
            foreign_project: None,
        }
    }
}

/// The ids that the caller may have meant by one that nothing has.
fn near(id: &ItemId, known: &[ItemId]) -> Vec<ItemId> {
    let by_last = known.iter().map(ItemId::last_segment);
    let near = nearest(id.as_str(), known.iter().map(ItemId::as_str))
        .or_else(|| nearest(id.last_segment(), by_last));
    let without_extension = id.as_str().rsplit_once('.').map(|(stem, _)| stem);
    let fits = |known: &&ItemId| {
        Some(known.as_str()) == near
            || Some(known.last_segment()) == near
            || Some(known.as_str()) == without_extension
            || Some(known.last_segment()) == without_extension
    };
    known.iter().filter(fits).cloned().collect()
}
