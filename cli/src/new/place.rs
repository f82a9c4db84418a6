//! Where a new tool goes: the project that is there, else the working directory; or the user space. No folder is made
//! and no file is written but below that space, and nothing that is there is touched.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rye_executor::resolver::UNLISTED_FOLDERS;
use rye_executor::{Code, Report, Resolver, Space, ToolId};

use crate::whole_file::WholeFile;

const USER: &str = "your user space, seen from every folder";

/// A space that takes new tools.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Which one.
    pub(crate) space: Space,
    /// Its `tools/`.
    pub(crate) tools: PathBuf,
    /// Whether the space begins with this tool.
    pub(crate) is_new: bool,
    /// Why it is this space and no other.
    pub(crate) reason: &'static str,
}

impl Place {
    /// The caller's project, else the working directory; or the user space.
    pub(crate) fn find(resolver: &Resolver, user: bool) -> Result<Self, Report> {
        let host = resolver.host();
        let (space, root, reason) = if user {
            let root = host.user_space.clone().ok_or_else(|| {
                Report::new(Code::InvalidConfig, "there is no user space: the home directory is not known")
                    .hint("set `HOME` or `RYE_USER_SPACE`")
            })?;
            (Space::User, root, USER)
        } else if let Some(project) = &resolver.spaces().project {
            (Space::Project, project.join(".ai"), "the project had no tools")
        } else {
            let root = host.working_directory.join(".ai");
            // Nobody's home is a project: what lies in its `.ai/` is for every folder.
            let is_user = host.user_space.as_ref().is_some_and(|user| same(user, &root));
            if is_user {
                (Space::User, root, USER)
            } else {
                (Space::Project, root, "no project was found here or above")
            }
        };
        if space == Space::Project && resolver.spaces().foreign_project.as_ref() == Some(&root) {
            let fact = format!("`{}` belongs to another user", root.display());
            return Err(Report::new(Code::RefusedFile, fact)
                .hint("name the project with `--project` if you trust its owner"));
        }
        let tools = root.join("tools");
        Ok(Self { space, is_new: !tools.is_dir(), tools, reason })
    }

    /// Refuses an id that no new file here may have.
    pub(crate) fn check(&self, resolver: &Resolver, id: &ToolId) -> Result<(), Report> {
        if id.is_protected() {
            let fact = format!("`{id}` is an id of the core, which no file may have");
            return Err(Report::new(Code::ProtectedId, fact).hint("choose an id outside `rye/core/`"));
        }
        let mut folders = id.as_str().split('/').rev().skip(1);
        if let Some(folder) = folders.find(|folder| UNLISTED_FOLDERS.contains(folder)) {
            let fact = format!("`{id}` would lie below `{folder}`, where no tools are");
            return Err(Report::new(Code::InvalidId, fact).hint("choose another folder"));
        }
        let taken = |there: &dyn std::fmt::Display| {
            Report::new(Code::DuplicateId, format!("`{id}` is there already: `{there}`"))
                .hint("choose another id, or edit that file")
        };
        if let Some(file) = self.file_of(id) {
            return Err(taken(&resolver.host().shown(&file)));
        }
        let known = resolver.ids().into_iter().filter(|known| known.space == self.space);
        let mut alike = known.filter(|known| known.id.as_str().eq_ignore_ascii_case(id.as_str()));
        alike.next().map_or(Ok(()), |known| Err(taken(&known.id)))
    }

    /// Any file that has the id, whether or not it is a tool: a script, its metadata, data.
    fn file_of(&self, id: &ToolId) -> Option<PathBuf> {
        let wanted = self.tools.join(id.as_str());
        let entries = wanted.parent()?.read_dir().ok()?;
        let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        paths.into_iter().find(|path| {
            let stem = path.file_stem().zip(wanted.file_name());
            stem.is_some_and(|(stem, name)| stem.eq_ignore_ascii_case(name)) && !path.is_dir()
        })
    }

    /// Writes the file of a new tool, and gives its path.
    pub(crate) fn write(&self, id: &ToolId, extension: &str, text: &str) -> Result<PathBuf, Report> {
        let file = self.tools.join(format!("{id}.{extension}"));
        let folder = file.parent().unwrap_or(&self.tools);
        self.make_folders(folder)?;
        // Never more than the owner may write, whatever the umask: rye would refuse to run it.
        WholeFile::write(&file, text, 0o644)
            .and_then(WholeFile::sync)
            .and_then(|new| new.create(&file))
            .map_err(|error| not_made(&file, &error))?;
        Ok(file)
    }

    /// Makes what is missing of a folder. A link on the way there may not lead out of the space.
    fn make_folders(&self, folder: &Path) -> Result<(), Report> {
        let failed = |error| not_made(folder, &error);
        let make = |folder: &Path| std::fs::DirBuilder::new().recursive(true).mode(0o755).create(folder);
        make(&self.tools).map_err(failed)?;
        let inside = self.tools.canonicalize().map_err(failed)?;
        let there = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok());
        let leads_to = there.unwrap_or(&self.tools).canonicalize().map_err(failed)?;
        if !leads_to.starts_with(inside) {
            let fact = format!("a link leads out to `{}`", leads_to.display());
            return Err(not_made(folder, &io::Error::other(fact)));
        }
        make(folder).map_err(failed)
    }
}

fn not_made(path: &Path, error: &io::Error) -> Report {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::ResourceExhausted,
        _ => Code::RefusedFile,
    };
    Report::new(code, format!("`{}` cannot be made: {error}", path.display()))
        .hint("choose another id, or look at the folder's mode and links")
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let home = |path: &Path| path.parent().map(real).zip(path.file_name().map(ToOwned::to_owned));
    real(one) == real(other) || home(one) == home(other)
}
