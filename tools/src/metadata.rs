//! The metadata of a tool, whichever of the three forms it was written in. Reading collects every problem; a
//! [`Metadata`] has none.

use rye_runtimes::document::{Entry, Node, NodeValue, Place, Problem};
use rye_runtimes::{Descriptor, TableReader};

use crate::parameter::Parameters;
use crate::schema::Schema;

/// What a tool declares.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// What it shares with runtimes.
    pub descriptor: Descriptor,
    /// `title`
    pub title: Option<String>,
    /// `hidden`: not listed, still callable.
    pub hidden: bool,
    /// `[parameters]` or `[input_schema]`; `None` when neither is declared.
    pub parameters: Option<Parameters>,
    /// `[output_schema]`: what a result fits.
    pub output_schema: Option<Schema>,
    /// `[annotations]`
    pub annotations: Annotations,
    /// `tags`
    pub tags: Vec<String>,
    /// `[limits]`
    pub limits: ToolLimits,
    /// Where the metadata begins.
    pub place: Place,
}

/// MCP's hints about what a tool does. `None`: not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Annotations {
    /// Changes nothing.
    pub read_only: Option<bool>,
    /// May destroy something.
    pub destructive: Option<bool>,
    /// Twice is like once.
    pub idempotent: Option<bool>,
    /// Reaches beyond this machine.
    pub open_world: Option<bool>,
}

/// How many calls of one tool a server takes. `None`: nobody said less than there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ToolLimits {
    /// How many runs at once.
    pub concurrency: Option<usize>,
    /// How many calls may wait.
    pub queue: Option<usize>,
}

impl ToolLimits {
    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let least = |one: Option<usize>, other: Option<usize>| one.into_iter().chain(other).min();
        Self {
            concurrency: least(self.concurrency, other.concurrency),
            queue: least(self.queue, other.queue),
        }
    }
}

impl Metadata {
    /// Reads metadata from its forms: each is a table, and no two may say one thing.
    ///
    /// # Errors
    /// Everything that is wrong in any of them.
    pub fn read(place: &Place, forms: Vec<Node>) -> Result<Self, Vec<Problem>> {
        let entries = forms.into_iter().flat_map(|form| match form.value {
            NodeValue::Table(entries) => entries,
            _ => Vec::new(),
        });
        let document = Node { place: place.clone(), value: NodeValue::Table(entries.collect()) };
        let mut table = TableReader::new(&document);
        let descriptor = Descriptor::read(&mut table);
        let title = table.string(&["title"]);
        let hidden = table.boolean(&["hidden"]).unwrap_or(false);
        let parameters = read_parameters(&mut table);
        let output_schema = table.entry(&["output_schema"]).and_then(|entry| {
            Schema::from_node(&entry.value).map_err(|problems| table.problems.extend(problems)).ok()
        });
        let annotations = match table.entry(&["annotations"]) {
            Some(entry) => read_annotations(entry, &mut table.problems),
            None => Annotations::default(),
        };
        let tags = table.strings(&["tags"]).unwrap_or_default().into_iter().map(|(_, tag)| tag).collect();
        let limits = match table.entry(&["limits"]) {
            Some(entry) => read_limits(entry, &mut table.problems),
            None => ToolLimits::default(),
        };
        check_type(&descriptor, &mut table);
        let problems = table.finish();
        if problems.is_empty() {
            let place = place.clone();
            Ok(Self {
                descriptor,
                title,
                hidden,
                parameters,
                output_schema,
                annotations,
                tags,
                limits,
                place,
            })
        } else {
            Err(problems)
        }
    }
}

fn read_parameters(table: &mut TableReader<'_>) -> Option<Parameters> {
    let by_name = table.entry(&["parameters"]);
    let by_schema = table.entry(&["input_schema", "CONFIG_SCHEMA"]);
    if let (Some(first), Some(second)) = (by_name, by_schema) {
        let message = format!("`{}` beside `{}` in line {}", second.key, first.key, first.key_place.line);
        table.problems.push(Problem::new(&second.key_place, message).hint("keep one of the two"));
    }
    let read = match (by_name, by_schema) {
        (Some(entry), _) => Parameters::from_parameters_table(&entry.value),
        (None, Some(entry)) => Parameters::from_input_schema(&entry.value),
        (None, None) => return None,
    };
    read.map_err(|problems| table.problems.extend(problems)).ok()
}

fn read_annotations(entry: &Entry, problems: &mut Vec<Problem>) -> Annotations {
    let mut table = TableReader::new(&entry.value);
    let annotations = Annotations {
        read_only: table.boolean(&["read_only"]),
        destructive: table.boolean(&["destructive"]),
        idempotent: table.boolean(&["idempotent"]),
        open_world: table.boolean(&["open_world"]),
    };
    problems.extend(table.finish());
    annotations
}

fn read_limits(entry: &Entry, problems: &mut Vec<Problem>) -> ToolLimits {
    let mut table = TableReader::new(&entry.value);
    let mut limit = |key| table.positive(key).map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    let limits = ToolLimits { concurrency: limit("concurrency"), queue: limit("queue") };
    problems.extend(table.finish());
    limits
}

fn check_type(descriptor: &Descriptor, table: &mut TableReader<'_>) {
    if let Some(bootstrap) = &descriptor.call.bootstrap {
        let message = format!("`bootstrap = \"{bootstrap}\"` in a tool");
        let place = table.place().clone();
        table.problems.push(Problem::new(&place, message).hint("a bootstrap belongs to a runtime file"));
    }
    if descriptor.tool_type.as_deref() == Some("primitive") {
        let place = table.place().clone();
        table.problems.push(
            Problem::new(&place, "`tool_type` is `primitive`, and primitives are compiled into rye")
                .hint("use `runtime`, or leave `tool_type` out"),
        );
    }
}
