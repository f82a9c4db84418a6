//! `[mcp]` of `rye.toml`: which tools an MCP server shows. A project's words may show its own tools and hide any;
//! what a user's space shows is for the user to say.

use rye_runtimes::document::{Node, Problem};
use rye_runtimes::{ItemId, TableReader};

use crate::config::Said;
use crate::environment::fits;
use crate::spaces::Space;

/// From how many tools on a server in automatic mode shows three that find the others.
pub const DEFAULT_THRESHOLD: usize = 200;

/// `[mcp]`. What is empty or `None` was not said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct McpConfig {
    /// `tools`: ids that are shown, `*` stands for anything; none named: all.
    pub tools: Vec<Said>,
    /// `hide`: ids that are not shown, `*` stands for anything.
    pub hide: Vec<Said>,
    /// `tags`: only tools with one of these are shown.
    pub tags: Vec<Said>,
    /// `spaces`: only tools of these spaces are shown. Where project and user both say it, both must agree.
    pub spaces: Option<Vec<Space>>,
    /// `mode`: how tools are shown.
    pub mode: Option<McpMode>,
    /// `threshold`: with more tools than this, automatic mode is meta mode.
    pub threshold: Option<u64>,
    /// `schemas`: how schemas are shown.
    pub schemas: Option<McpSchemas>,
}

/// How a server shows the schemas of its tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum McpSchemas {
    /// Such that every client takes them.
    #[default]
    Portable,
    /// As they are declared.
    Raw,
}

impl McpSchemas {
    /// Every way by its word.
    pub const ALL: [(&str, Self); 2] = [("portable", Self::Portable), ("raw", Self::Raw)];
}

/// How a server shows its tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McpMode {
    /// Each as a tool of its own, up to the threshold.
    Auto,
    /// Each as a tool of its own.
    Tools,
    /// Three tools that search, describe and run the others.
    Meta,
}

impl McpMode {
    /// Every mode by its word.
    pub const ALL: [(&str, Self); 3] = [("auto", Self::Auto), ("tools", Self::Tools), ("meta", Self::Meta)];
}

impl McpConfig {
    /// Whether a server shows a tool, and so whether it may be called there.
    #[must_use]
    pub fn shows(&self, id: &ItemId, space: Space, tags: &[String]) -> bool {
        let fits_id = |said: &Said| fits(&said.word, id.as_str());
        let chosen = |words: &[Said], fit: &dyn Fn(&str) -> bool| {
            let mut words = Said::to(words, space).peekable();
            words.peek().is_none() || words.any(fit)
        };
        chosen(&self.tools, &|word| fits(word, id.as_str()))
            && chosen(&self.tags, &|word| tags.iter().any(|tag| tag == word))
            && !self.hide.iter().any(fits_id)
            && self.spaces.as_ref().is_none_or(|spaces| spaces.contains(&space))
    }

    pub(crate) fn lay_below(&mut self, below: Self) {
        self.tools.extend(below.tools);
        self.hide.extend(below.hide);
        self.tags.extend(below.tags);
        self.spaces = match (self.spaces.take(), below.spaces) {
            (Some(own), Some(below)) => Some(own.into_iter().filter(|space| below.contains(space)).collect()),
            (own, below) => own.or(below),
        };
        self.mode = self.mode.or(below.mode);
        self.threshold = self.threshold.or(below.threshold);
        self.schemas = self.schemas.or(below.schemas);
    }

    pub(crate) fn read(node: &Node, space: Space, problems: &mut Vec<Problem>) -> Self {
        let mut table = TableReader::new(node);
        let mut said = |key| -> Vec<Said> {
            let list = table.strings(&[key]).unwrap_or_default();
            list.into_iter().map(|(_, word)| Said { word, space }).collect()
        };
        let (tools, hide, tags) = (said("tools"), said("hide"), said("tags"));
        let spaces = [Space::Project, Space::User, Space::System].map(|space| (space.word(), space));
        let spaces = table.words(&["spaces"], &spaces);
        let mode = table.word(&["mode"], &McpMode::ALL);
        let threshold = table.positive("threshold");
        let schemas = table.word(&["schemas"], &McpSchemas::ALL);
        problems.extend(table.finish());
        Self { tools, hide, tags, spaces, mode, threshold, schemas }
    }
}

#[cfg(test)]
mod tests {
    use super::{McpConfig, Said, Space};

    fn said(word: &str, space: Space) -> Vec<Said> {
        vec![Said { word: word.to_owned(), space }]
    }

    #[test]
    fn a_project_shows_its_own_and_hides_any() {
        let shows = |config: &McpConfig, id: &str, space| config.shows(&id.parse().unwrap(), space, &[]);
        let mut config = McpConfig { tools: said("git/*", Space::User), ..McpConfig::default() };
        config.tools.extend(said("*", Space::Project));
        assert!(shows(&config, "demo/x", Space::Project));
        assert!(shows(&config, "git/status", Space::User));
        assert!(!shows(&config, "secret", Space::User), "a project has no word in this");
        config.hide = said("git/*", Space::Project);
        assert!(!shows(&config, "git/status", Space::User));
    }

    #[test]
    fn tags_and_spaces_narrow() {
        let id = "x".parse().unwrap();
        let tagged = McpConfig { tags: said("safe", Space::Project), ..McpConfig::default() };
        assert!(tagged.shows(&id, Space::Project, &["safe".to_owned()]));
        assert!(!tagged.shows(&id, Space::Project, &["other".to_owned()]));
        let mut narrow = McpConfig { spaces: Some(vec![Space::Project, Space::User]), ..Default::default() };
        narrow.lay_below(McpConfig { spaces: Some(vec![Space::User, Space::System]), ..Default::default() });
        assert_eq!(narrow.spaces, Some(vec![Space::User]));
        assert!(!narrow.shows(&id, Space::Project, &[]));
    }
}
