//! Which runtime runs files of which extension: the core's claims, then those of the runtime files directly in
//! `tools/runtimes/` of project and user, with `[runtimes]` of `rye.toml` over all.

use std::sync::Arc;

use rye_runtimes::core::core_claim;
use rye_runtimes::{Runtime, TomlSource};

use crate::config::Config;
use crate::spaces::{Root, Space};

/// The claims that one caller sees.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    configured: Vec<Claim>,
    found: Vec<Claim>,
}

/// One runtime for one extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The extension, without dot.
    pub extension: String,
    /// The runtime's id, as written.
    pub runtime: String,
    /// The space that says so. It speaks for itself and the spaces before it, never for a later one.
    pub space: Space,
}

impl Claims {
    /// Reads the claims of the spaces on disk. A runtime file that cannot be read claims nothing: it is
    /// reported when it is used or checked.
    #[must_use]
    pub fn read(roots: &[Root], config: &Config) -> Self {
        Self { configured: config.runtimes.clone(), found: roots.iter().flat_map(claims_of).collect() }
    }

    /// Whether some runtime that an item of `space` may use claims the extension.
    #[must_use]
    pub fn claims(&self, extension: &str, space: Space) -> bool {
        self.runtime_for(extension, space).is_some()
    }

    /// The extensions claimed outside the core.
    pub fn extensions(&self) -> impl Iterator<Item = &str> {
        self.configured.iter().chain(&self.found).map(|claim| claim.extension.as_str())
    }

    /// The runtime for an extension, as an item of `space` may use it.
    #[must_use]
    pub fn runtime_for(&self, extension: &str, space: Space) -> Option<&str> {
        let visible = |claim: &&Claim| claim.extension == extension && claim.space >= space;
        let configured = self.configured.iter().find(visible).map(|claim| claim.runtime.as_str());
        let found = || self.found.iter().find(visible).map(|claim| claim.runtime.as_str());
        configured.or_else(|| core_claim(extension)).or_else(found)
    }
}

fn claims_of(root: &Root) -> Vec<Claim> {
    let Some(tools) = &root.tools else { return Vec::new() };
    let Ok(entries) = tools.path().join("runtimes").read_dir() else { return Vec::new() };
    let mut names: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    names.sort();
    let mut claims = Vec::new();
    for name in names {
        let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".toml")) else { continue };
        let Ok(Some(file)) = tools.read(&std::path::Path::new("runtimes").join(&name)) else { continue };
        let Ok(text) = String::from_utf8(file.bytes) else { continue };
        let document = TomlSource::file(&Arc::from(stem), text).parse();
        let Some(runtime) = document.ok().and_then(|document| Runtime::read(&document).ok()) else {
            continue;
        };
        claims.extend(runtime.extensions.into_iter().map(|extension| Claim {
            extension,
            runtime: format!("runtimes/{stem}"),
            space: root.space,
        }));
    }
    claims
}
