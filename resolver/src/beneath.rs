//! Paths that a caller may choose within a folder only: `beneath` of a parameter. What counts is where the tool would
//! come to now, links followed; what becomes of the place between this look and the tool's own, only a sandbox holds.

use std::io;
use std::path::{Path, PathBuf};

use rye_tools::arguments::ArgumentProblem;
use rye_tools::parameter::Parameter;
use serde_json::Value;

use crate::error::Error;
use crate::planner::Planner;

/// Refuses values that lead out of the folder that their parameter names. `cwd` is where the tool runs.
pub(crate) fn refuse_ways_out(planner: &Planner<'_>, cwd: &Path) -> Result<(), Error> {
    let mut problems = Vec::new();
    for parameter in &planner.resolution.tool.parameters.list {
        if let (Some(folder), Some(value)) =
            (&parameter.beneath, planner.invocation.arguments.find(&parameter.name))
        {
            problems.extend(ways_out(parameter, value, cwd, folder));
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::InvalidArguments { id: planner.resolution.id.clone(), problems })
}

fn ways_out(parameter: &Parameter, value: &Value, cwd: &Path, folder: &str) -> Vec<ArgumentProblem> {
    let name = &parameter.name;
    let items = match value {
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (format!("{name}[{index}]"), item)).collect()
        }
        Value::Null => Vec::new(),
        one => vec![(name.clone(), one)],
    };
    let root = match cwd.join(folder).canonicalize() {
        Ok(root) => root,
        Err(_) if items.is_empty() => return Vec::new(),
        Err(error) => {
            let root = cwd.join(folder);
            let fact =
                format!("it is to stay beneath `{}`, which cannot be entered: {error}", root.display());
            return vec![ArgumentProblem::new(name, fact)];
        }
    };
    let judged = items.into_iter().map(|(name, item)| (name, way_out(item, cwd, &root)));
    judged.filter_map(|(name, fact)| Some(ArgumentProblem::new(name, fact?))).collect()
}

/// What is wrong with one value.
fn way_out(value: &Value, cwd: &Path, root: &Path) -> Option<String> {
    // The schema allows nothing else.
    let text = value.as_str()?;
    if text.is_empty() {
        return Some("an empty path".to_owned());
    }
    if text.starts_with('~') {
        return Some(format!("`{text}` begins with `~`, which many programs take for a home directory"));
    }
    match destination(&cwd.join(text)) {
        Ok(real) if real.starts_with(root) => None,
        Ok(_) => Some(format!("`{text}` leads out of `{}`", root.display())),
        Err(error) => Some(format!("where `{text}` leads to cannot be told: {error}")),
    }
}

/// Where a path comes to, links followed. What is not there yet lies where it is written, if no `..` is in it.
fn destination(path: &Path) -> io::Result<PathBuf> {
    // Without the slash at the end, which would follow a link where it is looked whether there is one.
    let path: PathBuf = path.components().collect();
    let mut missing = Vec::new();
    let mut there = path.as_path();
    loop {
        match (there.canonicalize(), there.parent(), there.file_name()) {
            (Ok(real), ..) => return Ok(missing.into_iter().rev().fold(real, |path, name| path.join(name))),
            (Err(error), Some(parent), Some(name))
                if error.kind() == io::ErrorKind::NotFound && !there.is_symlink() =>
            {
                missing.push(name);
                there = parent;
            }
            (Err(error), ..) => return Err(error),
        }
    }
}
