//! Follows a tool's `executor_id` to a primitive. What an item may rely on depends on the space it comes from.

use std::path::PathBuf;
use std::sync::Arc;

use rye_runtimes::core::{CORE_RUNTIMES, PLAIN_PYTHON, WITH_DEPENDENCIES, core_file, core_files};
use rye_runtimes::document::{Place, Problem};
use rye_runtimes::{ItemId, nearest};
use rye_tools::{Item, Tool};

use crate::content_hash::ContentHash;
use crate::error::Error;
use crate::files::{SourceFile, read_again};
use crate::item::FoundItem;
use crate::resolution::{Resolution, Walked};
use crate::spaces::Space;
use crate::stamp::Stamp;
use crate::{MAX_CHAIN, Resolver, lossy_path};

/// An operation compiled into the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Primitive {
    /// Runs one process.
    Subprocess,
    /// Makes one HTTP exchange.
    HttpClient,
}

impl Primitive {
    /// The primitive of that id.
    #[must_use]
    pub fn find(id: &str) -> Option<Self> {
        [Self::Subprocess, Self::HttpClient].into_iter().find(|known| known.id() == id)
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Subprocess => "subprocess",
            Self::HttpClient => "http_client",
        }
    }
}

/// One item of a chain, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// Where it came from.
    pub space: Space,
    /// Its file; none for what is embedded.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "lossy_path::maybe")]
    pub path: Option<PathBuf>,
    /// The SHA-256 of the bytes that were read; none for a primitive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<ContentHash>,
    /// Whether exactly those bytes are what runs or decides, not what stands at the path later.
    pub verified: bool,
    /// Something else stood at the path when the run ended: what ran may have been neither.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
    /// What else was read for it: the metadata of a script, the bootstrap of a runtime.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<FileBeside>,
    /// What stands for the bytes as long as it stays the same.
    #[serde(skip)]
    pub(crate) stamp: Option<Stamp>,
}

/// A file that an item of a chain consists of besides its own. Exactly the bytes that were read count.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FileBeside {
    /// Where it is.
    #[serde(serialize_with = "lossy_path::one")]
    pub path: PathBuf,
    /// The SHA-256 of the bytes that were read.
    pub sha256: ContentHash,
}

impl FileBeside {
    pub(crate) fn of(file: &Arc<SourceFile>) -> Self {
        Self { path: file.path.clone(), sha256: ContentHash::of_file(Arc::clone(file)) }
    }
}

impl Link {
    /// Tells whether what stands at the path is still what was read, where it matters.
    pub fn look_again(&mut self) {
        let (false, Some(path), Some(read)) = (self.verified, &self.path, &self.sha256) else { return };
        let is_same = match self.stamp {
            Some(stamp) if std::fs::metadata(path).is_ok_and(|now| Stamp::of(&now) == stamp) => true,
            _ => read_again(path).is_some_and(|now| now == read.bytes()),
        };
        self.changed = !is_same;
    }
}

/// The code that calls a function, from beside its runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// Its file name.
    pub name: String,
    /// Its text.
    pub text: Arc<str>,
    /// Its file; none for what is embedded.
    pub file: Option<FileBeside>,
}

impl Resolver {
    /// Follows the chain of a tool.
    pub(crate) fn follow(&self, found: FoundItem) -> Result<Resolution, Error> {
        let Item::Tool(tool) = found.item else { return Err(self.not_a_tool(&found.id)) };
        let mut chain = Walk { space: found.space, ids: vec![found.id.to_string()], runtimes: Vec::new() };
        let first = tool.metadata.descriptor.executor_id.clone();
        let mut next = match first {
            Some(named) => Some(named),
            None if found.runs_itself => None,
            None => Some(self.claimed(&found.id, found.space, found.file.as_deref(), &tool)?),
        };
        let mut primitive = Primitive::Subprocess;
        while let Some((place, id)) = next.take() {
            if let Some(end) = Primitive::find(&id) {
                primitive = end;
                break;
            }
            let runtime = self.runtime(&place, &id, chain.space)?;
            chain.enter(&runtime)?;
            if let Item::Runtime(read) = &runtime.item {
                next.clone_from(&read.descriptor.executor_id);
            }
            chain.runtimes.push(runtime);
        }
        chain.end(primitive)?;
        self.merge(Walked {
            tool,
            id: found.id,
            space: found.space,
            file: found.file,
            sidecar: found.sidecar,
            runtimes: chain.runtimes,
            primitive,
            runs_itself: found.runs_itself,
        })
    }

    /// Follows the chain of a runtime, for nothing but to see that it can be followed.
    pub(crate) fn follow_runtime(&self, found: FoundItem) -> Result<(), Error> {
        let mut chain = Walk { space: found.space, ids: Vec::new(), runtimes: Vec::new() };
        let mut next = Some(found);
        while let Some(found) = next.take() {
            chain.enter(&found)?;
            let Item::Runtime(runtime) = &found.item else { return Err(self.not_a_tool(&found.id)) };
            if let Some(name) = &runtime.descriptor.call.bootstrap {
                self.bootstrap(&found, name)?;
            }
            if let Some((place, id)) = &runtime.descriptor.executor_id
                && Primitive::find(id).is_none()
            {
                next = Some(self.runtime(place, id, chain.space)?);
            }
        }
        Ok(())
    }

    /// The runtime that claims a tool's extension.
    fn claimed(
        &self,
        id: &ItemId,
        space: Space,
        file: Option<&SourceFile>,
        tool: &Tool,
    ) -> Result<(Place, String), Error> {
        let path = file.map(|file| file.path.as_path());
        let extension = path.and_then(|path| path.extension()).and_then(|extension| extension.to_str());
        let runtime = extension.and_then(|extension| self.claims.runtime_for(extension, space));
        let shown = path.map_or_else(|| id.to_string(), |path| self.host.shown(path));
        let place = Place::start_of(&Arc::from(shown));
        match runtime {
            Some(PLAIN_PYTHON) if tool.has_dependencies => Ok((place, WITH_DEPENDENCIES.to_owned())),
            Some(runtime) => Ok((place, runtime.to_owned())),
            None => Err(Error::RuntimeNotFound {
                place,
                id: extension.unwrap_or("").to_owned(),
                instead: None,
                nearest: None,
            }),
        }
    }

    /// Finds a runtime as an item of `space` may use it: the core first, then `X` and `runtimes/X`.
    fn runtime(&self, place: &Place, written: &str, space: Space) -> Result<FoundItem, Error> {
        let id: ItemId = written.parse().map_err(|problem: rye_runtimes::InvalidId| {
            let problem = Problem::new(place, problem.to_string());
            let problem = problem.hint("name a runtime, such as `python_runtime`, or `subprocess`");
            Error::InvalidDescriptor { problems: vec![problem] }
        })?;
        let core = if id.is_short() { id.below(CORE_RUNTIMES) } else { Some(id.clone()) };
        if let Some(core) = core.filter(|core| core_file(core).is_some())
            && let Some(found) = self.in_core(&core)?
        {
            return Ok(found);
        }
        let mut instead = None;
        let mut out_of_sight = None;
        let ids: Vec<_> = [Some(id.clone()), id.is_short().then(|| id.below("runtimes")).flatten()]
            .into_iter()
            .flatten()
            .collect();
        for root in &self.spaces.roots {
            for id in &ids {
                let found = self.in_root(root, id);
                if root.space < space {
                    // What may not be used, sound or broken, stands in nobody's way; it is told only in the end.
                    let runtime =
                        found.is_ok_and(|search| search.found.is_some_and(|found| found.is_runtime()));
                    out_of_sight = out_of_sight.or(runtime.then_some(root.space));
                    continue;
                }
                match found?.found {
                    Some(found) if found.is_runtime() => return Ok(found),
                    Some(_) => instead = Some("a tool"),
                    None => {}
                }
            }
        }
        if let Some(to) = out_of_sight {
            let (place, id) = (place.clone(), written.to_owned());
            return Err(Error::NotAllowedSpace { place, id, from: space, to });
        }
        let known = core_files()
            .iter()
            .filter_map(|file| file.id.rsplit('/').next())
            .chain(["subprocess", "http_client"]);
        let nearest = nearest(written, known).map(str::to_owned);
        Err(Error::RuntimeNotFound { place: place.clone(), id: written.to_owned(), instead, nearest })
    }

    pub(crate) fn bootstrap(&self, runtime: &FoundItem, name: &str) -> Result<Bootstrap, Error> {
        let found = match &runtime.file {
            None => core_file(&runtime.id)
                .and_then(|file| file.bootstrap)
                .filter(|(known, _)| *known == name)
                .map(|(_, text)| Bootstrap { name: name.to_owned(), text: Arc::from(text), file: None }),
            Some(file) => self.bootstrap_beside(runtime, &file.path, name)?,
        };
        match found {
            Some(found) => Ok(found),
            None => {
                let problem = Problem::new(
                    &self.start_of(runtime),
                    format!("its bootstrap `{name}` is not beside it, or is not UTF-8"),
                )
                .hint("put the file that calls the function into the folder of the runtime");
                Err(Error::InvalidDescriptor { problems: vec![problem] })
            }
        }
    }

    pub(crate) fn start_of(&self, runtime: &FoundItem) -> Place {
        let file = runtime.file.as_ref();
        let shown = file.map_or_else(|| runtime.id.to_string(), |file| self.host.shown(&file.path));
        Place::start_of(&Arc::from(shown))
    }

    fn bootstrap_beside(
        &self,
        runtime: &FoundItem,
        file: &std::path::Path,
        name: &str,
    ) -> Result<Option<Bootstrap>, Error> {
        let root = self.spaces.roots.iter().find(|root| root.space == runtime.space);
        let Some(tools) = root.and_then(|root| root.tools.as_ref()) else { return Ok(None) };
        let beside = file.with_file_name(name);
        let Ok(below) = beside.strip_prefix(tools.path()) else { return Ok(None) };
        let Some(read) = tools.read(below)?.map(Arc::new) else { return Ok(None) };
        let text = std::str::from_utf8(&read.bytes).ok().map(Arc::from);
        let file = Some(FileBeside::of(&read));
        Ok(text.map(|text| Bootstrap { name: name.to_owned(), text, file }))
    }
}

/// The way along a chain.
struct Walk {
    /// The space of the item reached: what it may see depends on it.
    space: Space,
    ids: Vec<String>,
    runtimes: Vec<FoundItem>,
}

impl Walk {
    fn enter(&mut self, item: &FoundItem) -> Result<(), Error> {
        let id = item.id.to_string();
        let seen = self.ids.contains(&id);
        self.ids.push(id);
        if seen {
            return Err(Error::Cycle { chain: self.ids.clone() });
        }
        if self.ids.len() >= MAX_CHAIN {
            return Err(Error::ChainTooDeep { chain: self.ids.clone() });
        }
        self.space = item.space;
        Ok(())
    }

    fn end(&mut self, primitive: Primitive) -> Result<(), Error> {
        self.ids.push(primitive.id().to_owned());
        if self.ids.len() > MAX_CHAIN { Err(Error::ChainTooDeep { chain: self.ids.clone() }) } else { Ok(()) }
    }
}
