//! `rye schema`: tools as other programs take them. Standard output holds what a request takes and nothing else; what it
//! cannot say stands on standard error, or with `--json` beside it.

use rye_executor::report::resolve_report;
use rye_executor::tools::dialect::{Dialect, Loss};
use rye_executor::tools::{Item, PortableNames, Tool};
use rye_executor::{Code, Config, Executor, Host, Listing, Report, ToolId};
use serde_json::{Value, json};

use crate::arguments::SchemaWords;
use crate::entry::ExitCode;
use crate::output::{Output, Style};
use crate::run::tool_id;

/// Prints the schemas.
pub(crate) fn schema(output: &Output, host: Host, words: &SchemaWords) -> Result<ExitCode, Report> {
    let executor = Executor::new(host, Config::default()).map_err(|error| error.report())?;
    let listing = executor.list();
    let mut export = Export { dialect: words.format, names: listing.portable_names(), lost: Vec::new() };
    let tools = match &words.tool {
        Some(word) => export.one(&executor, &tool_id(word, "schema")?)?,
        None => export.all(&listing),
    };
    if output.json {
        let row =
            |(tool, loss): &(ToolId, Loss)| json!({ "tool": tool, "path": loss.path, "what": loss.what });
        let lost = export.lost.iter().map(row).collect::<Value>();
        return Ok(output.print_json(&json!({ "tools": tools, "lost": lost }), ExitCode::SUCCESS));
    }
    let code = output.print_json(&tools, ExitCode::SUCCESS);
    for (tool, loss) in &export.lost {
        output.note(Style::Yellow, "note", &format!("{tool}: {loss}"));
    }
    Ok(code)
}

struct Export {
    dialect: Dialect,
    names: PortableNames,
    /// What each tool lost.
    lost: Vec<(ToolId, Loss)>,
}

impl Export {
    /// One tool, hidden or not.
    fn one(&mut self, executor: &Executor, id: &ToolId) -> Result<Value, Report> {
        let resolution = executor.resolve(id).map_err(|error| error.report())?;
        let id = &resolution.id;
        self.tool(id, &resolution.tool).ok_or_else(|| {
            let why = self.lost.iter().map(|(_, loss)| loss.to_string()).collect::<Vec<_>>().join("; ");
            Report::new(Code::InvalidMetadata, format!("`{id}` cannot be said in this format: {why}"))
                .hint("`rye check` says what to write instead")
        })
    }

    /// Every tool that is listed, by id. One that is broken costs the others nothing.
    fn all(&mut self, listing: &Listing) -> Value {
        let mut rows: Vec<_> = listing.items.iter().filter(|row| !row.shadowed).collect();
        rows.sort_by(|one, other| one.id.cmp(&other.id));
        let mut tools = Vec::new();
        for row in rows {
            match row.item.as_ref().map(|found| &found.item) {
                Ok(Item::Tool(tool)) if !tool.metadata.hidden => {
                    tools.extend(self.tool(&row.id, tool).map(|value| (row.id.clone(), value)));
                }
                Ok(_) => {}
                Err(error) => {
                    let report = resolve_report(error);
                    let fact = report.causes.first().unwrap_or(&report.message);
                    let what = format!("left out: {}: {fact}", report.code.word());
                    self.lost.push((row.id.clone(), Loss { path: String::new(), what }));
                }
            }
        }
        self.dialect.list(tools)
    }

    fn tool(&mut self, id: &ToolId, tool: &Tool) -> Option<Value> {
        // Every listed tool has one; a tool asked for by its last word has the name of its whole id.
        let own = PortableNames::of([id.clone()]);
        let name = self.names.name(id).or_else(|| own.name(id)).unwrap_or_default();
        let (value, lost) = match self.dialect.tool(name, tool) {
            Ok(exported) => (Some(exported.value), exported.lost),
            Err(loss) => (None, vec![loss]),
        };
        self.lost.extend(lost.into_iter().map(|loss| (id.clone(), loss)));
        value
    }
}
