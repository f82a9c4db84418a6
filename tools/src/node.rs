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

/// What rye calls.
const ENTRIES: [&str; 3] = ["default", "main", "execute"];

/// Reads the lines of a file.
pub(crate) fn kind(source: &str) -> NodeKind {
    let mut exports = false;
    // The list of an `export {` that is not closed yet.
    let mut list: Option<String> = None;
    for line in source.lines() {
        if list.is_none() {
            match exported(line) {
                Some(Exported::Entry) => return NodeKind::Function,
                Some(Exported::Other) => exports = true,
                Some(Exported::List) => list = Some(String::new()),
                None => continue,
            }
        }
        let Some(open) = &mut list else { continue };
        // Nothing in a list holds `//` but a comment.
        let code = line.split_once("//").map_or(line, |(code, _)| code);
        let end = code.split_once('}');
        open.push_str(end.map_or(code, |(names, _)| names));
        open.push(' ');
        if end.is_some() {
            if names_entry(open) {
                return NodeKind::Function;
            }
            (exports, list) = (true, None);
        }
    }
    if exports || list.is_some() { NodeKind::Module } else { NodeKind::Script }
}

/// What a line exports.
enum Exported {
    /// Something that rye calls.
    Entry,
    /// Something else.
    Other,
    /// The names in braces that begin here.
    List,
}

fn exported(line: &str) -> Option<Exported> {
    let of = |is_entry| Some(if is_entry { Exported::Entry } else { Exported::Other });
    if let Some(rest) = word(line, "export") {
        match rest.trim_start() {
            list if list.starts_with('{') => return Some(Exported::List),
            rest if rest.starts_with('*') => return of(false),
            same if same == rest => {}
            rest => return of(word(rest, "default").is_some() || declares_entry(rest)),
        }
    }
    if word(line, "module.exports").is_some() {
        return of(true);
    }
    let name = line.strip_prefix("exports.")?;
    of(ENTRIES.into_iter().filter_map(|entry| word(name, entry)).any(is_assigned))
}

/// `function main(`, `async function* execute<`, `const main =`, `let execute: Type =`
fn declares_entry(rest: &str) -> bool {
    if let Some(names) = ["const", "let", "var"].into_iter().find_map(|kind| word(rest, kind)) {
        return after_entry(names).is_some_and(|rest| rest.starts_with(':') || is_assigned(rest));
    }
    let function = word(rest, "async").unwrap_or(rest).trim_start().strip_prefix("function");
    function.and_then(after_entry).is_some_and(|rest| rest.starts_with(['(', '<']))
}

/// What follows the name of an entry, if the text begins with it.
fn after_entry(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t', '*']);
    ["main", "execute"].into_iter().find_map(|entry| word(text, entry)).map(str::trim_start)
}

fn is_assigned(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.starts_with('=') && !rest.starts_with("==")
}

/// Whether what stands in the braces of an `export` gives something the name of an entry: `main`, `run as main`.
fn names_entry(list: &str) -> bool {
    list.trim_start_matches(|c| c != '{').trim_start_matches('{').split(',').any(|item| {
        let is_type = word(item.trim_start(), "type").is_some_and(|rest| !rest.trim().is_empty());
        let name = item.split_whitespace().next_back();
        !is_type && name.is_some_and(|name| ENTRIES.contains(&name))
    })
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
            ("export function* main() {}", NodeKind::Function),
            ("export const main = async (p) => p", NodeKind::Function),
            ("export let execute= p => p", NodeKind::Function),
            ("export const main: Call = (p) => p", NodeKind::Function),
            ("export const main = wrap(\n  (p) => p\n)", NodeKind::Function),
            ("const main = 1\nexport { main }", NodeKind::Function),
            ("export {main};", NodeKind::Function),
            ("export{ helper, run as main, };", NodeKind::Function),
            ("export { run as default, helper }", NodeKind::Function),
            ("export {\n  helper, // main\n  execute,\n};", NodeKind::Function),
            ("export { main } from './main.mjs'", NodeKind::Function),
            ("export { helper }\nexport { main }", NodeKind::Function),
            ("export { main as helper }", NodeKind::Module),
            ("export { helper, // main\n}", NodeKind::Module),
            ("export { helper }\nmain()", NodeKind::Module),
            ("export { type main }", NodeKind::Module),
            ("export type { main }", NodeKind::Module),
            ("export type main = 1", NodeKind::Module),
            ("export {", NodeKind::Module),
            ("export const mainly = 1", NodeKind::Module),
            ("export const helper = main", NodeKind::Module),
            ("export * from './main.mjs'", NodeKind::Module),
            ("  export { main }", NodeKind::Script),
            ("export", NodeKind::Script),
            ("export_all({ main })", NodeKind::Script),
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
