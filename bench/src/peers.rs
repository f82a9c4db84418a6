//! Programs of others that do something comparable. They are looked for and never installed.

use std::path::{Path, PathBuf};

/// Where `tests/peers/install` puts other MCP servers, and where their scripts are.
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/peers");

/// The peers on `PATH`, and those that the tests have installed; `None` for one that is missing.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    pub(crate) just: Option<PathBuf>,
    pub(crate) mise: Option<PathBuf>,
    pub(crate) uv: Option<PathBuf>,
    /// An MCP server: its interpreter and its script.
    pub(crate) fastmcp: Option<(PathBuf, PathBuf)>,
    pub(crate) typescript: Option<(PathBuf, PathBuf)>,
}

impl Peers {
    pub(crate) fn find() -> Self {
        Self {
            just: find("just"),
            mise: find("mise"),
            uv: find("uv"),
            fastmcp: server("venv/bin/python3", "fastmcp_server.py"),
            typescript: server("node", "typescript_server.ts"),
        }
    }

    /// The names of those that are missing.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let programs = [("just", &self.just), ("mise", &self.mise), ("uv", &self.uv)];
        let servers = [("FastMCP", &self.fastmcp), ("TypeScript SDK", &self.typescript)];
        let programs = programs.map(|(name, path)| (name, path.is_none()));
        let servers = servers.map(|(name, server)| (name, server.is_none()));
        programs.into_iter().chain(servers).filter(|(_, missing)| *missing).map(|(name, _)| name).collect()
    }
}

fn server(interpreter: &str, script: &str) -> Option<(PathBuf, PathBuf)> {
    let installed = Path::new(INSTALLED);
    let found = installed.join("installed").is_file();
    found.then(|| (installed.join(interpreter), Path::new(SCRIPTS).join(script)))
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
