//! The system space: the files of `rye/core/`, embedded in the binary. They are always there, and no file on
//! disk can stand in their place.

use crate::ItemId;

/// An embedded file.
#[derive(Clone, Copy, Debug)]
pub struct CoreFile {
    /// The item's id.
    pub id: &'static str,
    /// Its file name, for messages.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
    /// The bootstrap beside it, by name, with its text.
    pub bootstrap: Option<(&'static str, &'static str)>,
}

macro_rules! core_runtime {
    ($name:literal) => {
        core_runtime!(@ $name, None)
    };
    ($name:literal, $bootstrap:literal) => {
        core_runtime!(@ $name, Some(($bootstrap, include_str!(concat!("core/", $bootstrap)))))
    };
    (@ $name:literal, $bootstrap:expr) => {
        CoreFile {
            id: concat!("rye/core/runtimes/", $name),
            file: concat!("rye/core/runtimes/", $name, ".toml"),
            text: include_str!(concat!("core/", $name, ".toml")),
            bootstrap: $bootstrap,
        }
    };
}

const RUNTIMES: &[CoreFile] = &[
    core_runtime!("python_runtime", "_python.py"),
    core_runtime!("node_runtime", "_node.cjs"),
    core_runtime!("bash_runtime"),
    core_runtime!("deno_runtime"),
    core_runtime!("bun_runtime"),
    core_runtime!("ruby_runtime"),
    core_runtime!("perl_runtime"),
    core_runtime!("php_runtime"),
    core_runtime!("lua_runtime"),
    core_runtime!("uv_runtime", "_python.py"),
    core_runtime!("mcp_http_runtime"),
    core_runtime!("mcp_stdio_runtime"),
];

/// Which core runtime runs files of an extension. A test holds it equal to what the files claim: reading every
/// descriptor to learn this would cost each run.
const CLAIMS: &[(&str, &str)] = &[
    ("py", PLAIN_PYTHON),
    ("js", "rye/core/runtimes/node_runtime"),
    ("mjs", "rye/core/runtimes/node_runtime"),
    ("cjs", "rye/core/runtimes/node_runtime"),
    ("ts", "rye/core/runtimes/deno_runtime"),
    ("mts", "rye/core/runtimes/deno_runtime"),
    ("sh", "rye/core/runtimes/bash_runtime"),
    ("bash", "rye/core/runtimes/bash_runtime"),
    ("rb", "rye/core/runtimes/ruby_runtime"),
    ("pl", "rye/core/runtimes/perl_runtime"),
    ("php", "rye/core/runtimes/php_runtime"),
    ("lua", "rye/core/runtimes/lua_runtime"),
];

/// The core runtime for Python files.
pub const PLAIN_PYTHON: &str = "rye/core/runtimes/python_runtime";
/// The core runtime for Python files that hold a PEP 723 `# /// script` block.
pub const WITH_DEPENDENCIES: &str = "rye/core/runtimes/uv_runtime";

/// The folder of the core runtimes; a short executor id is looked for there first.
pub const CORE_RUNTIMES: &str = "rye/core/runtimes";

/// Every embedded file, in a fixed order.
#[must_use]
pub fn core_files() -> &'static [CoreFile] {
    RUNTIMES
}

/// The embedded file of that id.
#[must_use]
pub fn core_file(id: &ItemId) -> Option<&'static CoreFile> {
    RUNTIMES.iter().find(|file| file.id == id.as_str())
}

/// The core runtime that claims an extension.
#[must_use]
pub fn core_claim(extension: &str) -> Option<&'static str> {
    CLAIMS.iter().find(|(claimed, _)| *claimed == extension).map(|(_, id)| *id)
}

/// Every extension that the core claims, with the runtime's id.
#[must_use]
pub fn core_claims() -> &'static [(&'static str, &'static str)] {
    CLAIMS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::{Runtime, TomlSource};

    #[test]
    fn every_core_file_is_a_valid_runtime_and_claims_what_the_table_says() {
        let mut claimed = BTreeSet::new();
        for file in core_files() {
            let id: ItemId = file.id.parse().unwrap();
            assert!(id.is_protected());
            let document = TomlSource::file(&Arc::from(file.file), file.text.to_owned()).parse().unwrap();
            let runtime = Runtime::read(&document).unwrap();
            assert_eq!(runtime.descriptor.tool_type.as_deref(), Some("runtime"));
            assert_eq!(runtime.descriptor.call.bootstrap.as_deref(), file.bootstrap.map(|(name, _)| name));
            claimed.extend(runtime.extensions.into_iter().map(|extension| (extension, file.id)));
        }
        let table: BTreeSet<_> =
            CLAIMS.iter().map(|(extension, id)| ((*extension).to_owned(), *id)).collect();
        assert_eq!(claimed, table);
    }
}
