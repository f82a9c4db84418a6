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
    configured: Vec<(String, String)>,
    found: Vec<Claim>,
}

#[derive(Clone, Debug)]
struct Claim {
    extension: String,
    runtime: String,
    space: Space,
}

impl Claims {
    /// Reads the claims of the spaces on disk. A runtime file that cannot be read claims nothing: it is
    /// reported when it is used or checked.
    #[must_use]
    pub fn read(roots: &[Root], config: &Config) -> Self {
        let configured = config.runtimes.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let found = roots.iter().flat_map(claims_of).collect();
        Self { configured, found }
    }

    /// Whether some runtime claims the extension.
    #[must_use]
    pub fn claims(&self, extension: &str) -> bool {
        core_claim(extension).is_some() || self.extensions().any(|claimed| claimed == extension)
    }

    /// The extensions claimed outside the core.
    pub fn extensions(&self) -> impl Iterator<Item = &str> {
        let configured = self.configured.iter().map(|(extension, _)| extension.as_str());
        configured.chain(self.found.iter().map(|claim| claim.extension.as_str()))
    }

    /// The runtime for an extension, as an item of `space` may use it.
    #[must_use]
    pub fn runtime_for(&self, extension: &str, space: Space) -> Option<&str> {
        let configured = self.configured.iter().find(|(known, _)| known == extension);
        configured.map(|(_, runtime)| runtime.as_str()).or_else(|| core_claim(extension)).or_else(|| {
            let visible = |claim: &&Claim| claim.extension == extension && claim.space >= space;
            self.found.iter().find(visible).map(|claim| claim.runtime.as_str())
        })
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
