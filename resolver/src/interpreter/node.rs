//! Where a Node may be (`venv_node`), nearest first.

use std::ffi::OsStr;
use std::path::Path;

use rye_runtimes::env_config::Group;

use super::versions::{first_word, installed_or_place};
use super::{Candidate, Search};

impl Search<'_> {
    /// The candidates of one group. Built only when every group before it had none.
    pub(super) fn node(&self, group: Group) -> Vec<Candidate> {
        match group {
            Group::Project => {
                let project = self.project.iter();
                project
                    .map(|project| project.join("node_modules/.bin/node"))
                    .map(|path| Candidate::new(group, "project node_modules", path))
                    .collect()
            }
            Group::User => self.user_node(),
            Group::System => {
                let fixed = ["/usr/bin", "/usr/local/bin"].iter();
                let fixed =
                    fixed.map(|folder| Candidate::new(group, "system", Path::new(folder).join("node")));
                fixed.chain(self.on_path(OsStr::new("node"), Some(group), "PATH")).collect()
            }
        }
    }

    fn user_node(&self) -> Vec<Candidate> {
        let Some(home) = &self.host.home else { return Vec::new() };
        let wanted = self.wanted_version(&[".nvmrc", ".node-version"]);
        // `lts/*` and `node` name no version: any will do, the highest first.
        let wanted = wanted.filter(|wanted| wanted.starts_with(|c: char| c == 'v' || c.is_ascii_digit()));
        let default = first_word(&home.join(".nvm/alias/default"))
            .filter(|version| version.starts_with(|c: char| c == 'v' || c.is_ascii_digit()));
        let nvm = wanted.as_deref().or(default.as_deref());
        let mut candidates = Vec::new();
        let mut add = |source: &str, folders: Vec<std::path::PathBuf>, inside: &str| {
            let paths = folders.into_iter().map(|folder| folder.join(inside));
            candidates.extend(paths.map(|path| Candidate::new(Group::User, source, path)));
        };
        add("nvm", installed_or_place(&home.join(".nvm/versions/node"), nvm), "bin/node");
        add("volta", self.volta(&home.join(".volta")), "bin/node");
        for root in [".local/share/fnm", ".fnm"] {
            let root = home.join(root);
            let wanted = wanted.clone().or_else(|| fnm_default(&root));
            let versions = installed_or_place(&root.join("node-versions"), wanted.as_deref());
            add("fnm", versions, "installation/bin/node");
        }
        add("asdf", self.tool_installs(&home.join(".asdf/installs"), &["nodejs", "node"]), "bin/node");
        add(
            "mise",
            self.tool_installs(&home.join(".local/share/mise/installs"), &["node", "nodejs"]),
            "bin/node",
        );
        candidates
    }
}

/// The version that fnm's alias `default` leads to: `aliases/default` is a link to `node-versions/VERSION/installation`.
fn fnm_default(root: &Path) -> Option<String> {
    let installation = std::fs::read_link(root.join("aliases/default")).ok()?;
    Some(installation.parent()?.file_name()?.to_str()?.to_owned())
}
