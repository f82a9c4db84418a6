//! Follows a tool's `executor_id` to a primitive, and merges what the chain says: primitive < runtime < tool.

use std::path::PathBuf;
use std::sync::Arc;

use rye_runtimes::call::{CallConfig, Style};
use rye_runtimes::core::{CORE_RUNTIMES, PLAIN_PYTHON, WITH_DEPENDENCIES, core_file, core_files};
use rye_runtimes::document::{Place, Problem};
use rye_runtimes::env_config::EnvConfig;
use rye_runtimes::setting::{Settings, merge};
use rye_runtimes::{Descriptor, ItemId, nearest};
use rye_tools::parameter::Parameters;
use rye_tools::{Form, Item, Tool};

use crate::error::Error;
use crate::files::SourceFile;
use crate::item::FoundItem;
use crate::locate::{in_core, in_root};
use crate::spaces::Space;
use crate::{MAX_CHAIN, Resolver};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The SHA-256 of the bytes that were read; none for a primitive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether exactly those bytes are what runs or decides, not what stands at the path later.
    pub verified: bool,
}

/// The code that calls a function, from beside its runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// Its file name.
    pub name: String,
    /// Its text.
    pub text: Arc<str>,
}

/// A tool with its whole chain, ready to be given arguments.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The tool's full id.
    pub id: ItemId,
    /// Where the tool came from.
    pub space: Space,
    /// The tool.
    pub tool: Arc<Tool>,
    /// Its file; none for a tool without script.
    pub file: Option<Arc<SourceFile>>,
    /// The chain: tool, runtimes, primitive.
    pub links: Vec<Link>,
    /// The end of the chain.
    pub primitive: Primitive,
    /// How it is called.
    pub style: Style,
    /// The call table, merged.
    pub call: CallConfig,
    /// `config`, merged.
    pub config: Settings,
    /// `env_config`, merged.
    pub env_config: EnvConfig,
    /// `pass_env` of all items, each with who asks.
    pub pass_env: Vec<(String, String)>,
    /// The bootstrap of the runtime, for functions.
    pub bootstrap: Option<Bootstrap>,
    /// Whether the file runs by its own `#!` line.
    pub runs_itself: bool,
    /// The tool's own `timeout`, if it declares one; a runtime's is only a default.
    pub own_timeout: bool,
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
        let file = found.file.filter(|_| tool.form != Form::Declaration);
        self.merge_chain(
            Arc::new(*tool),
            &found.id,
            found.space,
            file,
            chain.runtimes,
            primitive,
            found.runs_itself,
        )
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
            && let Some(found) = in_core(&core)?
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
                let found = in_root(&self.host, root, &self.claims, id);
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

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one resolution, brought together in one place"
    )]
    fn merge_chain(
        &self,
        tool: Arc<Tool>,
        id: &ItemId,
        space: Space,
        file: Option<Arc<SourceFile>>,
        runtimes: Vec<FoundItem>,
        primitive: Primitive,
        runs_itself: bool,
    ) -> Result<Resolution, Error> {
        let mut merged = Merged::default();
        let mut bootstrap = None;
        // The runtime nearest the primitive comes first, the tool last.
        for found in runtimes.iter().rev() {
            if let Item::Runtime(runtime) = &found.item {
                merged.lay(&found.id.to_string(), &runtime.descriptor);
                if let Some(name) = &runtime.descriptor.call.bootstrap {
                    bootstrap = Some(self.bootstrap(found, name)?);
                }
            }
        }
        merged.lay(&id.to_string(), &tool.metadata.descriptor);
        let style = style_of(&tool, &merged.call, primitive)?;
        let tool = match style {
            // A command takes what its placeholders name, and no words beside.
            Style::Command if tool.unread_words => {
                Arc::new(Tool { unread_words: false, parameters: Parameters::none(), ..(*tool).clone() })
            }
            _ => tool,
        };
        let own_timeout = tool.metadata.descriptor.config.contains_key("timeout");
        let function = style == Style::Function;
        if function && bootstrap.is_none() {
            // Nobody would call the function: the file would only be loaded.
            let place =
                runtimes.first().map_or_else(|| tool.metadata.place.clone(), |found| self.start_of(found));
            let problem = Problem::new(&place, "style `function` without `bootstrap`").hint(
                "name the file beside the runtime that calls the function, or write `style = \"script\"`",
            );
            return Err(Error::InvalidDescriptor { problems: vec![problem] });
        }
        let mut links = vec![Link {
            id: id.to_string(),
            space,
            path: file.as_ref().map(|file| file.path.clone()),
            sha256: file.as_ref().map(|file| file.sha256.clone()),
            // A declaration was read whole; a function travels with its request; a script runs from its path.
            verified: file.is_none()
                || (function && !reads_path(&merged.config) && matches!(tool.form, Form::PythonFunction(_))),
        }];
        links.extend(runtimes.iter().map(link_of));
        links.push(Link {
            id: primitive.id().to_owned(),
            space: Space::System,
            path: None,
            sha256: None,
            verified: true,
        });
        let Merged { call, config, env_config, pass_env } = merged;
        Ok(Resolution {
            id: id.clone(),
            space,
            tool,
            file,
            links,
            primitive,
            style,
            call,
            config,
            env_config,
            pass_env,
            bootstrap: bootstrap.filter(|_| function),
            runs_itself,
            own_timeout,
        })
    }

    fn bootstrap(&self, runtime: &FoundItem, name: &str) -> Result<Bootstrap, Error> {
        let text = match &runtime.file {
            None => core_file(&runtime.id)
                .and_then(|file| file.bootstrap)
                .filter(|(known, _)| *known == name)
                .map(|(_, text)| Arc::from(text)),
            Some(file) => self.bootstrap_beside(runtime, &file.path, name)?,
        };
        match text {
            Some(text) => Ok(Bootstrap { name: name.to_owned(), text }),
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

    fn start_of(&self, runtime: &FoundItem) -> Place {
        let file = runtime.file.as_ref();
        let shown = file.map_or_else(|| runtime.id.to_string(), |file| self.host.shown(&file.path));
        Place::start_of(&Arc::from(shown))
    }

    fn bootstrap_beside(
        &self,
        runtime: &FoundItem,
        file: &std::path::Path,
        name: &str,
    ) -> Result<Option<Arc<str>>, Error> {
        let root = self.spaces.roots.iter().find(|root| root.space == runtime.space);
        let Some(tools) = root.and_then(|root| root.tools.as_ref()) else { return Ok(None) };
        let beside = file.with_file_name(name);
        let Ok(below) = beside.strip_prefix(tools.path()) else { return Ok(None) };
        let read = tools.read(below)?;
        Ok(read.and_then(|read| String::from_utf8(read.bytes).ok()).map(Arc::from))
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

/// What the items of a chain say together.
#[derive(Default)]
struct Merged {
    call: CallConfig,
    config: Settings,
    env_config: EnvConfig,
    pass_env: Vec<(String, String)>,
}

impl Merged {
    fn lay(&mut self, id: &str, descriptor: &Descriptor) {
        self.call = self.call.overlaid(&descriptor.call);
        merge(&mut self.config, &descriptor.config);
        merge(&mut self.env_config.env, &descriptor.env_config.env);
        for (name, resource) in &descriptor.env_config.resources {
            match self.env_config.resources.get_mut(name) {
                Some(below) => *below = below.overlaid(resource),
                None => {
                    self.env_config.resources.insert(name.clone(), resource.clone());
                }
            }
        }
        self.pass_env.extend(descriptor.pass_env.iter().map(|name| (name.clone(), id.to_owned())));
    }
}

fn link_of(found: &FoundItem) -> Link {
    let sha256 = match &found.file {
        Some(file) => Some(file.sha256.clone()),
        None => core_file(&found.id).map(|core| crate::files::sha256(core.text.as_bytes())),
    };
    let path = found.file.as_ref().map(|file| file.path.clone());
    Link { id: found.id.to_string(), space: found.space, path, sha256, verified: true }
}

/// Whether the program gets the path of the tool's file among its words, and so may read it again.
fn reads_path(config: &Settings) -> bool {
    let mut found = false;
    if let Some(args) = config.get("args") {
        args.templates(&mut |template| found |= template.placeholders().any(|(name, _)| name == "tool_path"));
    }
    found
}

fn style_of(tool: &Tool, call: &CallConfig, primitive: Primitive) -> Result<Style, Error> {
    let own = tool.metadata.descriptor.call.style;
    let refuse = |message: &str, hint: &str| {
        let problem = Problem::new(&tool.metadata.place, message).hint(hint);
        Err(Error::InvalidDescriptor { problems: vec![problem] })
    };
    if primitive == Primitive::HttpClient && tool.form != Form::Declaration {
        return refuse("a script whose chain ends in `http_client`", "an HTTP tool is a `.toml` file alone");
    }
    match (&tool.form, own, call.style) {
        (Form::Declaration, None | Some(Style::Command), _) => Ok(Style::Command),
        (Form::Declaration, Some(_), _) => {
            refuse("a tool without script cannot be called as one", "use `style = \"command\"`")
        }
        (Form::Script, Some(Style::Function), _) => refuse(
            "`style = \"function\"`, and the file has no function that rye can call",
            "define `main` or `execute`, or use `style = \"script\"`",
        ),
        (_, _, Some(Style::Command)) => Ok(Style::Command),
        (Form::PythonFunction(_) | Form::NodeFunction, _, Some(Style::Function)) => Ok(Style::Function),
        (Form::NodeFunction, None, _) => refuse(
            "it exports a function, and its runtime runs scripts only",
            "use `executor_id = \"node_runtime\"`, or `style = \"script\"` in `[call]` to run it from the top",
        ),
        (Form::Script | Form::PythonFunction(_) | Form::NodeFunction, _, _) => Ok(Style::Script),
    }
}
