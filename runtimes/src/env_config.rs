//! `env_config`: what a runtime needs from the host. Tables are resources, to be found in the order written;
//! the table `env` is what the child's environment gets.

use indexmap::IndexMap;

use crate::document::{Entry, Node, NodeValue, Place, Problem};
use crate::setting::{Setting, Settings, merge, read_table};
use crate::table::TableReader;

/// What is declared in one file. A tool may overlay single keys of a runtime's resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnvConfig {
    /// The resources, in the order written.
    pub resources: IndexMap<String, Resource>,
    /// `[env_config.env]`
    pub env: Settings,
}

/// Something to find on the host. What is `None` was not said in this file.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Where it is declared.
    pub place: Place,
    /// `type`
    pub kind: Option<ResourceKind>,
    /// `search`: the groups to look in, in that order.
    pub search: Option<Vec<Group>>,
    /// `var`: the variable that gets what was found.
    pub var: Option<String>,
    /// `fallback`: a command to look up on `PATH` when nothing was found.
    pub fallback: Option<Setting>,
    /// `names`: for `binary`, the file names that count, best first.
    pub names: Option<Vec<String>>,
    /// `paths`: for `binary`, the folders below each searched root.
    pub paths: Option<Vec<String>>,
    /// `install`: how to get it, for the error that says it was not found.
    pub install: Option<String>,
    /// `timeout`, `retries`, `headers`: for `http_config`, what `config` may overrule.
    pub exchange: Settings,
}

/// `type` of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// A Python, best from a virtual environment.
    VenvPython,
    /// A Node, best from the project. It always publishes `PROJECT_NODE_MODULES`.
    VenvNode,
    /// An executable by name.
    Binary,
    /// Nothing to find: defaults of the HTTP primitive.
    HttpConfig,
}

/// The words of `type`.
pub const RESOURCE_KINDS: &[(&str, ResourceKind)] = &[
    ("venv_python", ResourceKind::VenvPython),
    ("venv_node", ResourceKind::VenvNode),
    ("binary", ResourceKind::Binary),
    ("http_config", ResourceKind::HttpConfig),
];

/// A group of places to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The project of the call.
    Project,
    /// The caller's home.
    User,
    /// The machine, `PATH` last.
    System,
}

/// The words of `search`.
pub const GROUPS: &[(&str, Group)] =
    &[("project", Group::Project), ("user", Group::User), ("system", Group::System)];

impl EnvConfig {
    /// Reads the table, and collects what is wrong in it.
    pub fn read(node: &Node, problems: &mut Vec<Problem>) -> Self {
        let NodeValue::Table(entries) = &node.value else {
            let message = format!("`env_config` is {} where a table is wanted", node.value.kind());
            problems.push(Problem::new(&node.place, message));
            return Self::default();
        };
        let mut out = Self::default();
        for entry in entries {
            if entry.key == "env" {
                out.env = read_table(&entry.value, problems);
                for (name, setting) in &out.env {
                    if name.is_empty() || name.contains(['=', '\0']) {
                        problems
                            .push(Problem::new(&setting.place, format!("`{name}` cannot name a variable")));
                    }
                }
            } else {
                out.resources.insert(entry.key.clone(), Resource::read(entry, problems));
            }
        }
        out
    }
}

impl Resource {
    fn read(entry: &Entry, problems: &mut Vec<Problem>) -> Self {
        let mut table = TableReader::new(&entry.value);
        let kind = table.word(&["type"], RESOURCE_KINDS);
        let fallback = table.entry(&["fallback"]).map(|found| {
            if !matches!(found.value.value, NodeValue::String(_)) {
                let message = format!("`fallback` is {} where a string is wanted", found.value.value.kind());
                table.problems.push(Problem::new(&found.value.place, message));
            }
            Setting::read(&found.value, &mut table.problems)
        });
        let names = table.strings(&["names"]);
        for (place, name) in names.iter().flatten() {
            if name.contains('/') {
                let problem = Problem::new(place, format!("`{name}` in `names` is not a file name"));
                table.problems.push(problem.hint("write its folder into `paths`"));
            }
        }
        let var_place = table.entry(&["var"]).map(|found| &found.value.place);
        let mut exchange = Settings::new();
        for key in ["timeout", "retries", "headers"] {
            if let Some(found) = table.entry(&[key]) {
                exchange.insert(key.to_owned(), Setting::read(&found.value, &mut table.problems));
            }
        }
        let resource = Self {
            place: entry.key_place.clone(),
            kind,
            search: table.words(&["search"], GROUPS),
            var: table.string(&["var"]),
            fallback,
            names: names.map(texts),
            paths: table.strings(&["paths"]).map(texts),
            install: table.string(&["install"]),
            exchange,
        };
        if let Some(var) = &resource.var
            && (var.is_empty() || var.contains(['=', '\0']))
        {
            let place = var_place.unwrap_or(&entry.value.place);
            table.problems.push(Problem::new(place, format!("`{var}` cannot name a variable")));
        }
        problems.extend(table.finish());
        resource
    }

    /// Lays what a later file says over this.
    #[must_use]
    pub fn overlaid(&self, over: &Self) -> Self {
        let mut exchange = self.exchange.clone();
        merge(&mut exchange, &over.exchange);
        Self {
            place: over.place.clone(),
            kind: over.kind.or(self.kind),
            search: over.search.clone().or_else(|| self.search.clone()),
            var: over.var.clone().or_else(|| self.var.clone()),
            fallback: over.fallback.clone().or_else(|| self.fallback.clone()),
            names: over.names.clone().or_else(|| self.names.clone()),
            paths: over.paths.clone().or_else(|| self.paths.clone()),
            install: over.install.clone().or_else(|| self.install.clone()),
            exchange,
        }
    }
}

fn texts(items: Vec<(Place, String)>) -> Vec<String> {
    items.into_iter().map(|(_, text)| text).collect()
}
