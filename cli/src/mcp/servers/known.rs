//! The servers that were added: each runtime file of a server in the folder of servers, of the project and of the user.

use std::ffi::OsStr;

use rye_executor::{Code, Report, Resolver, Space};

use super::folder::{SERVERS, Seen, ServerFolder, ServerName};
use super::runtime_file::{Said, read};

/// One server.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) folder: ServerFolder,
    /// Its runtime's file.
    pub(super) seen: Seen,
    pub(super) said: Said,
}

/// Every server, by space, then by name.
pub(super) fn servers(resolver: &Resolver) -> Result<Vec<Known>, Report> {
    let mut servers = Vec::new();
    for root in &resolver.spaces().roots {
        let Some(tools) = &root.tools else { continue };
        for name in names(&tools.path().join(SERVERS)) {
            let folder = ServerFolder::new(root.space, tools.path(), name);
            let Some(seen) = folder.runtime()? else { continue };
            if let Some(said) = std::str::from_utf8(&seen.bytes).ok().and_then(read) {
                servers.push(Known { folder, seen, said });
            }
        }
    }
    Ok(servers)
}

/// The names of servers that are there, as far as their paths tell.
pub(crate) fn names_in(resolver: &Resolver) -> Vec<String> {
    let roots = resolver.spaces().roots.iter();
    let folders = roots.filter_map(|root| Some(root.tools.as_ref()?.path().join(SERVERS)));
    let mut names: Vec<_> =
        folders.flat_map(|folder| names(&folder)).map(|name| name.as_str().to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

fn names(folder: &std::path::Path) -> Vec<ServerName> {
    let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
    let paths = entries.map(|entry| entry.path());
    let mut names: Vec<_> = paths
        .filter(|path| path.extension() == Some(OsStr::new("toml")))
        .filter_map(|path| ServerName::read(path.file_stem()?).ok())
        .collect();
    names.sort();
    names
}

/// The server of a name: the project's before the user's.
pub(super) fn server(resolver: &Resolver, name: &OsStr) -> Result<Known, Report> {
    let wanted = ServerName::read(name)?;
    let all = servers(resolver)?;
    let near =
        rye_executor::runtimes::nearest(wanted.as_str(), all.iter().map(|known| known.folder.name.as_str()));
    let near = near.map(str::to_owned);
    all.into_iter().find(|known| known.folder.name == wanted).ok_or_else(|| {
        let report = Report::new(Code::RuntimeNotFound, format!("no server `{}` was added", wanted.as_str()));
        let report = match near {
            Some(near) => report.hint(format!("did you mean `{near}`?")),
            None => report,
        };
        report.hint("`rye mcp list` shows those that were; `rye mcp add` adds one")
    })
}

impl Known {
    /// How it is reached, in one line.
    pub(super) fn how(&self) -> String {
        match &self.said.url {
            Some(url) => url.clone(),
            None => super::ask::shell_words(self.said.command.iter().cloned()),
        }
    }

    pub(super) fn is_http(&self) -> bool {
        self.said.url.is_some()
    }

    pub(super) fn space(&self) -> Space {
        self.folder.space
    }
}
