//! What a JavaScript or TypeScript file is, by its lines that export something. Nothing is parsed beyond that:
//! Node itself says what is wrong with a file when it loads it.

/// How a Node file is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// It exports a function that can be called.
    Function,
    /// It runs from the top.
    Script,
    /// It only exports things for others.
    Module,
}

/// The extensions of Node files.
pub(crate) const NODE_EXTENSIONS: [&str; 5] = ["js", "mjs", "cjs", "ts", "mts"];

/// Reads the lines of a file.
pub(crate) fn kind(source: &str) -> NodeKind {
    let mut exports = false;
    for line in source.lines() {
        match exported(line) {
            Some(true) => return NodeKind::Function,
            Some(false) => exports = true,
            None => {}
        }
    }
    if exports { NodeKind::Module } else { NodeKind::Script }
}

/// Whether a line exports something, and whether that is what rye calls.
fn exported(line: &str) -> Option<bool> {
    if let Some(rest) = line.strip_prefix("export ") {
        let rest = rest.trim_start();
        let function = rest.strip_prefix("async ").unwrap_or(rest).trim_start().strip_prefix("function");
        let name = function.map(|rest| rest.trim_start_matches([' ', '*']));
        let is_entry = |name: &str| {
            ["main", "execute"].into_iter().any(|entry| {
                name.strip_prefix(entry).is_some_and(|rest| rest.trim_start().starts_with(['(', '<']))
            })
        };
        return Some(word(rest, "default").is_some() || name.is_some_and(is_entry));
    }
    if word(line, "module.exports").is_some() {
        return Some(true);
    }
    let name = line.strip_prefix("exports.")?;
    let entry = ["main", "execute", "default"].into_iter().find_map(|entry| word(name, entry));
    Some(entry.is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.starts_with('=') && !rest.starts_with("==")
    }))
}

/// What follows a word, if the text begins with it.
fn word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(word)?;
    (!rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{NodeKind, kind};

    #[test]
    fn the_first_word_of_a_line_decides() {
        for (source, want) in [
            ("export default function (p) {}", NodeKind::Function),
            ("export default async p => p", NodeKind::Function),
            ("import x from 'x'\nexport async function main(p) {}", NodeKind::Function),
            ("export function execute<T>(p: T) {}", NodeKind::Function),
            ("module.exports = p => p", NodeKind::Function),
            ("module.exports.main = p => p", NodeKind::Function),
            ("exports.main = p => p", NodeKind::Function),
            ("exports.execute= p => p", NodeKind::Function),
            ("export function mainly() {}", NodeKind::Module),
            ("export const x = 1", NodeKind::Module),
            ("exports.helper = 1", NodeKind::Module),
            ("exports.main == 1", NodeKind::Module),
            ("console.log('hi')", NodeKind::Script),
            ("  export default 1", NodeKind::Script),
            ("// export default 1", NodeKind::Script),
            ("exporting()", NodeKind::Script),
            ("", NodeKind::Script),
        ] {
            assert_eq!(kind(source), want, "{source}");
        }
    }
}
