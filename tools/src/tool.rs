//! A tool file read into a checked [`Tool`]. Everything here comes from bytes that were handed in; nothing is
//! opened and nothing is executed.

use std::sync::Arc;

use rye_runtimes::call::Style;
use rye_runtimes::document::{Node, NodeValue, Place, Problem};
use rye_runtimes::{RUNTIME_TYPE, Runtime, TomlSource};

use crate::block::{has_block, read_block};
use crate::byte_order_mark::{self, without_mark};
use crate::metadata::Metadata;
use crate::node::{self, NODE_EXTENSIONS, NodeKind};
use crate::parameter::Parameters;
use crate::python::{self, EntryFunction, PythonKind};
use crate::utf8::not_utf8;
use crate::words::script_arguments;

/// The files of one item.
#[derive(Clone, Debug)]
pub struct ToolFile<'b> {
    /// The file as it is shown to people.
    pub file: Arc<str>,
    /// Its extension, if it has one.
    pub extension: Option<&'b str>,
    /// Its bytes.
    pub bytes: &'b [u8],
    /// The metadata beside it: `x.toml` of `x.sh`.
    pub sidecar: Option<(Arc<str>, &'b [u8])>,
}

/// What a file turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Something callable.
    Tool(Arc<Tool>),
    /// A way to run tools.
    Runtime(Arc<Runtime>),
    /// Neither, for the reason told.
    Other(NotATool),
}

/// Why a file in `tools/` is not a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotATool {
    /// A Python file with only imports, definitions and assignments.
    PythonModule,
    /// A JavaScript file with exports, none of which rye calls.
    NodeModule,
    /// A TOML file with neither `executor_id` nor `tool_type`, beside no script.
    PlainToml {
        /// The primitive that its `[config]` speaks of; none: it has no `[config]`.
        primitive: Option<&'static str>,
    },
}

/// Something callable.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// What it declares.
    pub metadata: Metadata,
    /// What the file itself is.
    pub form: Form,
    /// The description: declared, else from the file's own documentation.
    pub description: Option<String>,
    /// What it takes: declared, else inferred.
    pub parameters: Parameters,
    /// Whether the file names dependencies of its own (PEP 723).
    pub has_dependencies: bool,
    /// Whether all words of a command line are its argument list, unread.
    pub unread_words: bool,
    /// What could not be understood, though nothing is wrong.
    pub notes: Vec<Problem>,
}

/// What a tool's file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A Python file with an entry function.
    PythonFunction(PythonFunction),
    /// A JavaScript or TypeScript file that exports a function.
    NodeFunction,
    /// A program text.
    Script,
    /// Metadata alone: a command or an exchange without a script.
    Declaration,
}

/// How a Python file wants to be called.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PythonFunction {
    /// `main`, called with arguments by name, or `execute`, called with one object and the project.
    pub name: &'static str,
    /// The parameters whose annotated type is not what JSON gives.
    pub converts: Vec<String>,
}

impl Tool {
    /// The function that is called, if the file has one.
    #[must_use]
    pub fn function(&self) -> Option<&PythonFunction> {
        match &self.form {
            Form::PythonFunction(function) => Some(function),
            Form::NodeFunction | Form::Script | Form::Declaration => None,
        }
    }
}

impl Item {
    /// Reads an item from its files.
    ///
    /// # Errors
    /// Everything that is wrong in them.
    pub fn read(source: &ToolFile<'_>) -> Result<Self, Vec<Problem>> {
        if source.extension == Some("toml") {
            return Self::read_toml(source);
        }
        Self::read_script(source)
    }

    fn read_toml(source: &ToolFile<'_>) -> Result<Self, Vec<Problem>> {
        let document = parse_toml(&source.file, source.bytes)?;
        if names_word(&document, &["tool_type", "__tool_type__"], RUNTIME_TYPE) {
            return Runtime::read(&document).map(|runtime| Self::Runtime(Arc::new(runtime)));
        }
        if !has_key(&document, &["executor_id", "__executor_id__", "tool_type", "__tool_type__"]) {
            return Ok(Self::Other(NotATool::PlainToml { primitive: primitive_of(&document) }));
        }
        let place = Place::start_of(&source.file);
        let metadata = Metadata::read(&place, vec![document])?;
        if metadata.descriptor.executor_id.is_none() {
            return Err(vec![
                Problem::new(&place, "a tool without script and without `executor_id`")
                    .hint("add `executor_id = \"subprocess\"` and a `[config]` with `command`"),
            ]);
        }
        let parameters = metadata.parameters.clone().unwrap_or_else(Parameters::none);
        Ok(Self::Tool(Arc::new(Tool {
            description: metadata.descriptor.description.clone(),
            form: Form::Declaration,
            parameters,
            has_dependencies: false,
            unread_words: false,
            notes: Vec::new(),
            metadata,
        })))
    }

    fn read_script(source: &ToolFile<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut forms = Vec::new();
        let block = read_block(&source.file, source.bytes, "rye").unwrap_or_else(|found| {
            problems.extend(found);
            None
        });
        let has_metadata = block.is_some() || source.sidecar.is_some();
        forms.extend(block);
        if let Some((file, bytes)) = &source.sidecar {
            match parse_toml(file, bytes) {
                Ok(document) => forms.push(document),
                Err(found) => problems.extend(found),
            }
        }
        let python = (source.extension == Some("py"))
            .then(|| python::read_bytes(&source.file, source.bytes, has_metadata))
            .and_then(|read| read.map_err(|found| problems.extend(found)).ok());
        if let Some(python) = &python {
            if python.kind == PythonKind::Module {
                return if problems.is_empty() {
                    Ok(Self::Other(NotATool::PythonModule))
                } else {
                    Err(problems)
                };
            }
            let place = Place::start_of(&source.file);
            forms.push(Node { place, value: NodeValue::Table(python.literals.clone()) });
        }
        let node = node_kind(source);
        if node == Some(NodeKind::Module) && !has_metadata {
            return Ok(Self::Other(NotATool::NodeModule));
        }
        let metadata = match Metadata::read(&Place::start_of(&source.file), forms) {
            Ok(metadata) if problems.is_empty() => metadata,
            Ok(_) => return Err(problems),
            Err(found) => {
                problems.extend(found);
                return Err(problems);
            }
        };
        if let (Some(Style::Function), Some(call)) =
            (metadata.descriptor.call.style, python.as_ref().and_then(|file| file.calls_itself.as_ref()))
        {
            return Err(vec![
                Problem::new(call, "with `style = \"function\"` this call would be a second one")
                    .hint("put it under `if __name__ == \"__main__\":`, or use `style = \"script\"`"),
            ]);
        }
        let mut tool = script_tool(metadata, python, node);
        tool.notes.extend(byte_order_mark::note(
            &Place::start_of(&source.file),
            source.extension,
            source.bytes,
        ));
        // Only that there is such a block: what it says is uv's to read.
        tool.has_dependencies = source.extension == Some("py") && has_block(source.bytes, "script");
        Ok(Self::Tool(Arc::new(tool)))
    }
}

/// The primitive that the `[config]` of a document speaks of.
fn primitive_of(document: &Node) -> Option<&'static str> {
    let config = entries(document).iter().find(|entry| entry.key == "config")?;
    Some(if has_key(&config.value, &["url"]) { "http_client" } else { "subprocess" })
}

/// What a file of a Node language is; `None` for other files.
fn node_kind(source: &ToolFile<'_>) -> Option<NodeKind> {
    let is_node = source.extension.is_some_and(|extension| NODE_EXTENSIONS.contains(&extension));
    is_node.then(|| node::kind(&String::from_utf8_lossy(without_mark(source.bytes))))
}

fn script_tool(metadata: Metadata, python: Option<python::PythonFile>, node: Option<NodeKind>) -> Tool {
    let (mut doc, mut notes, mut inferred) = (None, Vec::new(), None);
    let mut form = Form::Script;
    let by_function = !matches!(metadata.descriptor.call.style, Some(Style::Script | Style::Command));
    if node == Some(NodeKind::Function) && by_function {
        form = Form::NodeFunction;
        inferred = Some(Parameters::any());
    }
    if let Some(file) = python {
        doc = file.doc;
        let name = match file.kind {
            PythonKind::Function(EntryFunction::Main { .. }) => Some("main"),
            PythonKind::Function(EntryFunction::Execute { .. }) => Some("execute"),
            PythonKind::Script | PythonKind::Module => None,
        };
        if let Some(name) = name.filter(|_| by_function) {
            form = Form::PythonFunction(PythonFunction { name, converts: file.converts });
            inferred = file.parameters;
        }
        if by_function {
            notes = file.notes;
        }
    }
    let unread_words = metadata.parameters.is_none() && inferred.is_none();
    Tool {
        description: metadata.descriptor.description.clone().or(doc),
        parameters: metadata.parameters.clone().or(inferred).unwrap_or_else(script_arguments),
        form,
        has_dependencies: false,
        unread_words,
        notes,
        metadata,
    }
}

fn parse_toml(file: &Arc<str>, bytes: &[u8]) -> Result<Node, Vec<Problem>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => TomlSource::file(file, text.to_owned()).parse(),
        Err(error) => Err(vec![not_utf8(file, bytes, &error, "not UTF-8")]),
    }
}

fn entries(document: &Node) -> &[rye_runtimes::document::Entry] {
    match &document.value {
        NodeValue::Table(entries) => entries,
        _ => &[],
    }
}

fn has_key(document: &Node, keys: &[&str]) -> bool {
    entries(document).iter().any(|entry| keys.contains(&entry.key.as_str()))
}

fn names_word(document: &Node, keys: &[&str], word: &str) -> bool {
    entries(document).iter().any(|entry| {
        keys.contains(&entry.key.as_str())
            && matches!(&entry.value.value, NodeValue::String(text) if text == word)
    })
}
