//! Docstrings: the description, and what is said of each parameter, in Google, NumPy or Sphinx style.
//! What is not recognised as a parameter section stays in the description, so that no text is lost.

use std::collections::HashMap;

/// A docstring taken apart.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Docstring {
    /// The text without the parameter sections.
    pub(super) description: Option<String>,
    /// What is said of each parameter, without stars.
    pub(super) parameters: HashMap<String, String>,
}

const SECTIONS: [&str; 8] = [
    "args",
    "arguments",
    "params",
    "parameters",
    "keyword args",
    "keyword arguments",
    "other parameters",
    "attributes",
];

impl Docstring {
    /// Takes a docstring apart.
    pub(super) fn parse(text: &str) -> Self {
        let lines = clean(text);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut docstring = Self::default();
        let mut kept: Vec<&str> = Vec::new();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let rest = lines.get(at..).unwrap_or_default();
            let taken =
                docstring.numpy(rest).or_else(|| docstring.google(rest)).or_else(|| docstring.sphinx(rest));
            match taken {
                Some(taken) => at += taken.max(1),
                None => {
                    // One blank line where a section was taken out.
                    if !(line.is_empty() && kept.last().is_some_and(|last| last.is_empty())) {
                        kept.push(line);
                    }
                    at += 1;
                }
            }
        }
        let description = kept.join("\n").trim().to_owned();
        docstring.description = Some(description).filter(|text| !text.is_empty());
        docstring
    }

    /// `Args:` with indented `name (type): text`. Gives the lines taken.
    fn google(&mut self, lines: &[&str]) -> Option<usize> {
        let (header, body) = lines.split_first()?;
        let name = header.trim().strip_suffix(':')?;
        if !is_section(name) {
            return None;
        }
        let body = body.get(..block(body, indent(header) + 1))?;
        let base = body.iter().find(|line| !line.is_empty()).map(|line| indent(line))?;
        let mut entries = Vec::new();
        for line in body {
            match google_entry(line).filter(|_| indent(line) <= base) {
                Some((name, text)) => entries.push((vec![name], vec![text])),
                None => continue_last(&mut entries, line),
            }
        }
        self.keep(entries);
        Some(1 + body.len())
    }

    /// `Parameters` underlined, with `name : type` and indented text. Gives the lines taken.
    fn numpy(&mut self, lines: &[&str]) -> Option<usize> {
        let header = lines.first()?;
        if !is_section(header.trim()) || !is_underline(lines.get(1)?) {
            return None;
        }
        let base = indent(header);
        let mut entries = Vec::new();
        let mut at = 2;
        while let Some(line) = lines.get(at) {
            if line.is_empty() || indent(line) > base {
                continue_last(&mut entries, line);
            } else if lines.get(at + 1).is_some_and(|next| is_underline(next)) {
                break;
            } else if let Some(names) = numpy_entry(line) {
                entries.push((names, Vec::new()));
            } else {
                break;
            }
            at += 1;
        }
        self.keep(entries);
        Some(at)
    }

    /// `:param type name: text`. Gives the lines taken.
    fn sphinx(&mut self, lines: &[&str]) -> Option<usize> {
        let (first, rest) = lines.split_first()?;
        let (head, text) = first.trim_start().strip_prefix(':')?.split_once(':')?;
        let mut words = head.split_whitespace();
        let is_type = match words.next()? {
            "param" | "parameter" | "arg" | "argument" | "key" | "keyword" => false,
            "type" => true,
            _ => return None,
        };
        let name = words.next_back()?;
        let body = rest.get(..block(rest, indent(first) + 1))?;
        // Blank lines after the last field belong to what follows.
        let taken = body.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        if !is_type {
            let mut texts = vec![text.trim()];
            texts.extend(body.iter().take(taken).map(|line| line.trim()));
            self.keep(vec![(vec![name], texts)]);
        }
        Some(1 + taken)
    }

    fn keep(&mut self, entries: Vec<(Vec<&str>, Vec<&str>)>) {
        for (names, texts) in entries {
            let text = texts.iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(" ");
            if !text.is_empty() {
                for name in names {
                    self.parameters.insert(name.trim_start_matches(['*', '\\']).to_owned(), text.clone());
                }
            }
        }
    }
}

fn continue_last<'t>(entries: &mut [(Vec<&'t str>, Vec<&'t str>)], line: &'t str) {
    if let Some((_, texts)) = entries.last_mut() {
        texts.push(line.trim());
    }
}

/// `name (type): text`, `name: text`, `**name: text`.
fn google_entry(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let name_end = line.find(|letter: char| !(is_word(letter) || letter == '*' || letter == '\\'))?;
    let (name, rest) = line.split_at(name_end);
    let rest = rest.trim_start();
    let text = match rest.strip_prefix('(') {
        Some(_) => after_bracket(rest)?.trim_start().strip_prefix(':')?,
        None => rest.strip_prefix(':')?,
    };
    (!name.is_empty()).then_some((name, text.trim()))
}

/// What follows the bracket that closes the first one.
fn after_bracket(text: &str) -> Option<&str> {
    let mut open = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return text.get(at + letter.len_utf8()..);
        }
    }
    None
}

/// `x`, `x : int`, `x, y : int`.
fn numpy_entry(line: &str) -> Option<Vec<&str>> {
    let names = line.split_once(':').map_or(line, |(names, _)| names);
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let is_name = |name: &&str| !name.is_empty() && name.trim_start_matches(['*', '\\']).chars().all(is_word);
    names.iter().all(is_name).then_some(names)
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn is_section(name: &str) -> bool {
    SECTIONS.iter().any(|section| section.eq_ignore_ascii_case(name))
}

fn is_underline(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.bytes().all(|byte| byte == b'-')
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// How many lines from the first are blank or indented at least so far.
fn block(lines: &[&str], least: usize) -> usize {
    lines.iter().position(|line| !line.is_empty() && indent(line) < least).unwrap_or(lines.len())
}

/// A whole docstring, without its indentation.
pub(super) fn text(text: &str) -> Option<String> {
    Some(clean(text).join("\n")).filter(|text| !text.is_empty())
}

/// The lines of a docstring as `inspect.cleandoc` gives them.
fn clean(text: &str) -> Vec<String> {
    let lines: Vec<String> = text.lines().map(|line| expand_tabs(line.trim_end())).collect();
    let margin =
        lines.iter().skip(1).filter(|line| !line.is_empty()).map(|line| indent(line)).min().unwrap_or(0);
    let mut cleaned: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| match at {
            0 => line.trim_start().to_owned(),
            _ => line.get(margin..).unwrap_or_default().to_owned(),
        })
        .collect();
    let last = cleaned.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    cleaned.truncate(last);
    let first = cleaned.iter().position(|line| !line.is_empty()).unwrap_or(0);
    cleaned.split_off(first)
}

/// Leading tabs as spaces, in columns of eight.
fn expand_tabs(line: &str) -> String {
    let body = line.trim_start_matches([' ', '\t']);
    let mut width = 0_usize;
    for letter in line[..line.len() - body.len()].chars() {
        width = if letter == '\t' { (width / 8 + 1) * 8 } else { width + 1 };
    }
    format!("{:width$}{body}", "")
}
