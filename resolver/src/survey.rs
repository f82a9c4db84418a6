//! A runtime as a tool of the caller would get it: its chain merged, its interpreters looked for. Nothing is started.

use std::sync::Arc;

use rye_runtimes::ItemId;
use rye_runtimes::call::Style;
use rye_runtimes::core::{CORE_RUNTIMES, core_claims, core_file};
use rye_runtimes::document::Place;

use rye_tools::parameter::Parameters;
use rye_tools::{Form, Item, Metadata, Tool};
use serde_json::Map;

use crate::Resolver;
use crate::chain::Primitive;
use crate::error::Error;
use crate::interpreter::Interpreter;
use crate::item::FoundItem;
use crate::plan::CallOptions;
use crate::spaces::Space;

/// What a runtime comes to on this host.
#[derive(Debug)]
pub struct RuntimeSurvey {
    /// How it calls tools that are functions; others are scripts.
    pub style: Style,
    /// The end of its chain.
    pub primitive: Primitive,
    /// What it runs tools in, or why that is not there. Empty: it needs nothing of the host.
    pub interpreters: Result<Vec<Interpreter>, Error>,
}

impl Resolver {
    /// Looks at a runtime that a listing gave.
    ///
    /// # Errors
    /// Something in its chain is missing, wrong or refused.
    pub fn survey(&self, runtime: &FoundItem) -> Result<RuntimeSurvey, Error> {
        let resolution = Arc::new(self.follow(self.any_tool_of(runtime)?)?);
        let (style, primitive) = (resolution.call.style.unwrap_or(Style::Script), resolution.primitive);
        let invocation = self.invoke(resolution, Map::new(), CallOptions::default())?;
        Ok(RuntimeSurvey { style, primitive, interpreters: self.interpreters(&invocation) })
    }

    /// The extensions whose files a runtime runs, after `rye.toml` and in the caller's nearest space.
    #[must_use]
    pub fn extensions_of(&self, runtime: &ItemId) -> Vec<String> {
        let all = core_claims().iter().map(|(extension, _)| *extension).chain(self.claims.extensions());
        let claimed = |extension: &&str| {
            self.claims
                .runtime_for(extension, self.nearest_space())
                .is_some_and(|named| names(named, runtime))
        };
        let mut extensions: Vec<_> = Vec::new();
        for extension in all.filter(claimed) {
            if !extensions.iter().any(|known| known == extension) {
                extensions.push(extension.to_owned());
            }
        }
        extensions
    }

    /// The space whose tools may use the most.
    fn nearest_space(&self) -> Space {
        self.spaces.roots.first().map_or(Space::User, |root| root.space)
    }

    /// A tool that says nothing but which runtime it wants.
    fn any_tool_of(&self, runtime: &FoundItem) -> Result<FoundItem, Error> {
        let place = Place::start_of(&Arc::from(runtime.id.as_str()));
        let mut metadata =
            Metadata::read(&place, Vec::new()).map_err(|problems| Error::InvalidDescriptor { problems })?;
        metadata.descriptor.executor_id = Some((place, runtime.id.to_string()));
        let tool = Tool {
            metadata,
            form: Form::Declaration,
            description: None,
            parameters: Parameters::none(),
            has_dependencies: false,
            unread_words: false,
            notes: Vec::new(),
        };
        let (item, space) = (Item::Tool(Arc::new(tool)), self.nearest_space());
        Ok(FoundItem {
            id: "the-tool-that-asks".parse()?,
            space,
            item,
            file: None,
            sidecar: None,
            runs_itself: false,
        })
    }
}

/// Whether a runtime's id, as written, is found to be this one.
fn names(written: &str, runtime: &ItemId) -> bool {
    let Ok(id) = written.parse::<ItemId>() else { return false };
    if !id.is_short() {
        return id == *runtime;
    }
    match id.below(CORE_RUNTIMES).filter(|core| core_file(core).is_some()) {
        Some(core) => core == *runtime,
        None => id == *runtime || id.below("runtimes").as_ref() == Some(runtime),
    }
}
