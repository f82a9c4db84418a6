//! A tree of facts for people. On a terminal its lines keep to the width and what is too long goes on below; on a pipe
//! each fact is one line.

use crate::columns::{broken, columns};
use crate::output::{Output, Style, plain};

/// One line and what belongs to it.
#[derive(Debug, Default)]
pub(crate) struct Branch {
    cells: Vec<(Option<Style>, String)>,
    branches: Vec<Branch>,
}

impl Branch {
    /// A heading.
    pub(crate) fn head(text: &str) -> Self {
        Self::default().cell(Some(Style::Bold), text)
    }

    /// A line that begins with plain text.
    pub(crate) fn text(text: &str) -> Self {
        Self::default().cell(None, text)
    }

    /// One more thing on the line, two blanks apart.
    pub(crate) fn cell(mut self, style: Option<Style>, text: &str) -> Self {
        if !text.is_empty() {
            self.cells.push((style, plain(text).replace(['\n', '\t'], " ")));
        }
        self
    }

    /// Something below it.
    pub(crate) fn push(&mut self, branch: Branch) {
        self.branches.push(branch);
    }

    /// The first things of all branches in one column, unless that is a wide one.
    pub(crate) fn aligned(mut self, most: usize) -> Self {
        let width = |branch: &Branch| match branch.cells.as_slice() {
            [(_, first), _, ..] => columns(first),
            _ => 0,
        };
        let column = self.branches.iter().map(width).filter(|width| *width <= most).max().unwrap_or(0);
        for branch in &mut self.branches {
            if let [(_, first), _, ..] = branch.cells.as_mut_slice() {
                first.push_str(&" ".repeat(column.saturating_sub(columns(first))));
            }
        }
        self
    }

    /// The whole tree.
    pub(crate) fn drawn(&self, output: &Output) -> String {
        let mut text = String::new();
        self.draw(output, "", "", &mut text);
        text
    }

    fn draw(&self, output: &Output, first: &str, below: &str, text: &mut String) {
        let stem = if self.branches.is_empty() { "  " } else { "│ " };
        let mut before = first.to_owned();
        let width = output.width().map_or(usize::MAX, |width| width.saturating_sub(columns(first)).max(20));
        for line in self.lines(width) {
            let line = line.iter().map(|(style, piece)| match style {
                Some(style) => output.styled(*style, piece),
                None => (*piece).to_owned(),
            });
            let line = line.collect::<Vec<_>>().join("");
            text.push_str(&format!("{}{}\n", output.styled(Style::Dim, &before), line.trim_end()));
            before = format!("{below}{stem}");
        }
        for (number, branch) in self.branches.iter().enumerate() {
            let (own, inner) =
                if number + 1 == self.branches.len() { ("└ ", "  ") } else { ("├ ", "│ ") };
            branch.draw(output, &format!("{below}{own}"), &format!("{below}{inner}"), text);
        }
    }

    /// The cells on as many lines as they need.
    fn lines(&self, width: usize) -> Vec<Vec<(Option<Style>, &str)>> {
        let mut lines = vec![Vec::new()];
        let mut taken = 0;
        for (style, cell) in &self.cells {
            let gap = if taken == 0 { 0 } else { 2 };
            let most = width.saturating_sub(2);
            if columns(cell.trim_end()) <= width.saturating_sub(taken + gap) {
                push(&mut lines, gap, *style, cell);
                taken += gap + columns(cell);
                continue;
            }
            // Where the rest of a line holds a good part of a long text, the text begins there.
            let room = width.saturating_sub(taken + gap);
            let begins_here = taken == 0 || (columns(cell) > most && room > width / 2);
            let mut rest = cell.as_str();
            if begins_here {
                let (piece, after) = broken(rest, room);
                push(&mut lines, gap, *style, piece);
                rest = after;
            }
            while !rest.is_empty() {
                let (piece, after) = broken(rest, most);
                lines.push(vec![(*style, piece)]);
                taken = columns(piece);
                rest = after;
            }
        }
        lines
    }
}

fn push<'c>(lines: &mut [Vec<(Option<Style>, &'c str)>], gap: usize, style: Option<Style>, piece: &'c str) {
    if let Some(line) = lines.last_mut() {
        if gap > 0 {
            line.push((None, "  "));
        }
        line.push((style, piece));
    }
}

#[cfg(test)]
mod tests {
    use super::Branch;

    #[test]
    fn cells_flow_onto_further_lines() {
        let branch = Branch::text("a").cell(None, "bb cc dd").cell(None, "e");
        let lines = |width| -> Vec<String> {
            let lines = branch.lines(width).into_iter();
            lines.map(|line| line.into_iter().map(|(_, piece)| piece).collect()).collect()
        };
        assert_eq!(lines(20), ["a  bb cc dd  e"]);
        assert_eq!(lines(11), ["a  bb cc dd", "e"]);
        assert_eq!(lines(8), ["a  bb cc", "dd  e"]);
    }
}
