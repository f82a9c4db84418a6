//! A tool with its whole chain, merged: primitive < runtime < tool, key by key.

use std::sync::Arc;
use std::time::SystemTime;

use rye_runtimes::call::{CallConfig, Style};
use rye_runtimes::core::core_file;
use rye_runtimes::document::Problem;
use rye_runtimes::env_config::EnvConfig;
use rye_runtimes::setting::{Settings, merge};
use rye_runtimes::{Descriptor, ItemId};
use rye_tools::parameter::Parameters;
use rye_tools::{Form, Item, Tool};

use crate::Resolver;
use crate::chain::{Bootstrap, FileBeside, Link, Primitive};
use crate::content_hash::ContentHash;
use crate::error::Error;
use crate::files::SourceFile;
use crate::item::FoundItem;
use crate::spaces::Space;

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
}

/// A chain that was followed to its end.
pub(crate) struct Walked {
    pub(crate) tool: Arc<Tool>,
    pub(crate) id: ItemId,
    pub(crate) space: Space,
    pub(crate) file: Option<Arc<SourceFile>>,
    pub(crate) sidecar: Option<Arc<SourceFile>>,
    /// The runtime nearest the tool comes first.
    pub(crate) runtimes: Vec<FoundItem>,
    pub(crate) primitive: Primitive,
    /// Whether the file runs by its own `#!` line.
    pub(crate) runs_itself: bool,
}

impl Resolver {
    /// Merges what the items of a chain say: primitive < runtime < tool.
    pub(crate) fn merge(&self, walked: Walked) -> Result<Resolution, Error> {
        let Walked { tool, id, space, file: source, sidecar, runtimes, primitive, runs_itself } = walked;
        let file = source.clone().filter(|_| tool.form != Form::Declaration);
        let mut merged = Merged::default();
        let mut bootstrap = None;
        // The runtime nearest the primitive comes first, the tool last.
        let mut runtime_links: Vec<_> = runtimes.iter().map(link_of).collect();
        for (found, link) in runtimes.iter().zip(&mut runtime_links).rev() {
            if let Item::Runtime(runtime) = &found.item {
                merged.lay(&found.id.to_string(), &runtime.descriptor);
                if let Some(name) = &runtime.descriptor.call.bootstrap {
                    let read = self.bootstrap(found, name)?;
                    link.beside.extend(read.file.clone());
                    bootstrap = Some(read);
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
            // The server knows what it takes.
            Style::Mcp if tool.metadata.parameters.is_none() => {
                Arc::new(Tool { unread_words: false, parameters: Parameters::any(), ..(*tool).clone() })
            }
            _ => tool,
        };
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
            path: source.as_ref().map(|file| file.path.clone()),
            sha256: source.map(ContentHash::of_file),
            // A declaration was read whole; a function travels with its request; a script runs from its path.
            verified: file.is_none()
                || (function && !reads_path(&merged.config) && matches!(tool.form, Form::PythonFunction(_))),
            changed: false,
            beside: sidecar.iter().map(FileBeside::of).collect(),
            stamp: file
                .as_ref()
                .and_then(|file| file.stamp)
                .filter(|stamp| stamp.is_settled(SystemTime::now())),
        }];
        links.extend(runtime_links);
        links.push(Link {
            id: primitive.id().to_owned(),
            space: Space::System,
            path: None,
            sha256: None,
            verified: true,
            changed: false,
            beside: Vec::new(),
            stamp: None,
        });
        let Merged { call, config, env_config, pass_env } = merged;
        Ok(Resolution {
            id,
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
        })
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
        Some(file) => Some(ContentHash::of_file(Arc::clone(file))),
        None => core_file(&found.id).map(|core| ContentHash::of_core(core.text)),
    };
    let path = found.file.as_ref().map(|file| file.path.clone());
    Link {
        id: found.id.to_string(),
        space: found.space,
        path,
        sha256,
        verified: true,
        changed: false,
        beside: Vec::new(),
        stamp: None,
    }
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
        (Form::Declaration, Some(Style::Mcp), _) | (Form::Declaration, None, Some(Style::Mcp)) => {
            Ok(Style::Mcp)
        }
        (_, _, Some(Style::Mcp)) => {
            refuse("a script with `style = \"mcp\"`", "a tool of an MCP server is a `.toml` file alone")
        }
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
