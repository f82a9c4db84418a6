//! Installed versions below a folder, and the version that a file asks for.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

/// The folders of installed versions, best first: those that fit the wanted one, else releases, highest first,
/// then the rest.
pub(super) fn installed(versions: &Path, wanted: Option<&str>) -> Vec<PathBuf> {
    let Ok(entries) = versions.read_dir() else { return Vec::new() };
    let names = entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| wanted.is_none_or(|wanted| fits(wanted, name))).collect();
    names.sort_by_cached_key(|name| Reverse((Some(name.as_str()) == wanted, release(name), name.clone())));
    names.into_iter().map(|name| versions.join(name)).collect()
}

/// The same; where none is installed, the place that was looked at, so that the search can tell of it.
pub(super) fn installed_or_place(versions: &Path, wanted: Option<&str>) -> Vec<PathBuf> {
    let mut found = installed(versions, wanted);
    if found.is_empty() {
        let name = wanted.filter(|name| !name.contains('/') && !matches!(*name, "." | ".."));
        found.push(versions.join(name.unwrap_or("*")));
    }
    found
}

/// Whether an installed version is one that was asked for: `3.11` means any 3.11.x, `v20` any 20.x.
fn fits(wanted: &str, installed: &str) -> bool {
    let plain = |text: &str| text.strip_prefix('v').unwrap_or(text).to_owned();
    let (wanted, installed) = (plain(wanted), plain(installed));
    installed.strip_prefix(&wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The numbers of a plain release such as `3.12.1`; `None`, which sorts below, for anything else.
fn release(name: &str) -> Option<Vec<u64>> {
    name.strip_prefix('v').unwrap_or(name).split('.').map(|part| part.parse().ok()).collect()
}

/// The version that a file such as `.python-version` names: its first word, comments passed over.
pub(super) fn first_word(file: &Path) -> Option<String> {
    let text = text_of(file)?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    line.split_whitespace().next().map(str::to_owned)
}

/// The text of a version file. One that cannot be trusted (a FIFO, somebody else's, one that anyone may write) names
/// nothing: these files are looked for in every folder above.
pub(super) fn text_of(file: &Path) -> Option<String> {
    String::from_utf8(crate::files::read_plain(file, None).ok()??).ok()
}

/// What a `.tool-versions` file names: each tool with the versions it may have, best first. A name is never a path.
pub(super) fn tool_versions(file: &Path) -> Vec<(String, Vec<String>)> {
    let Some(text) = text_of(file) else { return Vec::new() };
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace().map(str::to_owned);
            let tool = words.next().filter(|tool| !tool.contains('/') && !tool.starts_with('.'))?;
            Some((tool, words.collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{fits, release};

    #[test]
    fn releases_sort_by_number_and_above_everything_else() {
        assert!(release("3.12.1") > release("3.9.18"));
        assert!(release("v22.1.0") > release("v20.0.0"));
        assert!(release("3.8.0") > release("3.13.0rc1"));
        assert!(release("3.8.0") > release("pypy3.10-7.3"));
    }

    #[test]
    fn a_short_version_means_any_of_its_releases() {
        assert!(fits("3.11", "3.11.7") && fits("20", "v20.1.0") && fits("v20.1.0", "20.1.0"));
        assert!(!fits("3.1", "3.11.7") && !fits("3.11.7", "3.11"));
    }
}
