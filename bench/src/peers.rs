//! Programs of others that do something comparable. They are looked for and never installed.

use std::path::PathBuf;

/// The peers on `PATH`; `None` for one that is missing.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    pub(crate) just: Option<PathBuf>,
    pub(crate) mise: Option<PathBuf>,
    pub(crate) uv: Option<PathBuf>,
}

impl Peers {
    pub(crate) fn find() -> Self {
        Self { just: find("just"), mise: find("mise"), uv: find("uv") }
    }

    /// The names of those that are missing.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let all = [("just", &self.just), ("mise", &self.mise), ("uv", &self.uv)];
        all.into_iter().filter(|(_, path)| path.is_none()).map(|(name, _)| name).collect()
    }
}

/// A version manager's shims are passed over: they would be measured in place of the program.
#[expect(clippy::disallowed_methods, reason = "the bench is a front end of its own")]
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute() && !folder.ends_with("shims"))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}
