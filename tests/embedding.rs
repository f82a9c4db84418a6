//! The examples of `docs/embedding.md`, run. The lines of a fence stand here in its order; what an example needs around
//! it stands between them.
#![expect(clippy::disallowed_methods, reason = "an example captures its surroundings as a program does")]

use std::error::Error;

use crate::library::block_on;
use crate::world::{World, have};

#[test]
fn a_call_walks_the_whole_road() {
    use rye_executor::{CallOptions, Config, EndingKind, Executor, Host};

    if !have("bash") {
        return;
    }
    let world = World::new();
    let parameters = "parameters.a.type = \"integer\"\n# parameters.b.type = \"integer\"";
    world.tool("add.sh", format!("# /// rye\n# {parameters}\n# ///\necho $((RYE_PARAM_A + RYE_PARAM_B))\n"));
    let folder = world.project();
    let ran: Result<(), Box<dyn Error>> = block_on(async {
        let host = Host {
            // Tools get a short list of these, and what they ask for.
            environment: std::env::vars_os().collect(),
            working_directory: folder,
            ..Host::default()
        };
        let executor = Executor::new(host, Config::default())?;

        let arguments = serde_json::from_str(r#"{"a": 40, "b": 2}"#)?;
        let outcome = executor.call(&"add".parse()?, arguments, CallOptions::default()).await?;
        assert!(outcome.success);
        assert_eq!(outcome.ending.kind, EndingKind::Exited { code: 0 });
        assert_eq!(outcome.data_as::<String>()?.as_deref(), Some("42\n"));
        executor.shutdown().await;
        Ok(())
    });
    ran.unwrap();
}

#[test]
fn a_listing_gives_names_and_schemas() {
    use rye_executor::tools::{Item, PortableNames};

    let world = World::new();
    let main = "def main(word: str, times: int = 2) -> str:\n    \"\"\"Say a word again.\"\"\"\n";
    world.tool("text/repeat.py", format!("{main}    return word * times\n"));
    world.tool("broken.toml", "nonsense = ");
    let executor = crate::library::executor(&world, rye_executor::Config::default());
    let mut seen = Vec::new();
    let mut offer = |name: Option<&str>, description: &str, schema: String| {
        seen.push((name.map(str::to_owned), description.to_owned(), schema));
    };

    let listing = executor.list();
    let names = PortableNames::of(listing.items.iter().map(|listed| listed.id.clone()));
    for listed in listing.items.iter().filter(|listed| !listed.shadowed) {
        let Ok(found) = &listed.item else { continue };
        let Item::Tool(tool) = &found.item else { continue };
        if !tool.metadata.hidden {
            let description = tool.description.as_deref().unwrap_or_default();
            offer(names.name(&listed.id), description, tool.parameters.to_json().to_string());
        }
    }

    let schema = r#"{"type":"object","properties":{"word":{"type":"string"},"times":{"type":"integer","default":2}},"required":["word"],"additionalProperties":false}"#;
    assert_eq!(seen, [(Some("text_repeat".to_owned()), "Say a word again.".to_owned(), schema.to_owned())]);
}

#[test]
fn a_run_is_read_and_stopped() {
    use rye_executor::{CallOptions, Code, RunEvent, Stop};

    if !have("bash") {
        return;
    }
    let world = World::new();
    world.tool("follow.sh", "# /// rye\n# parameters = {}\n# ///\necho ready\nexec /bin/sleep 600\n");
    let host = rye_executor::Host {
        environment: std::env::vars_os().collect(),
        working_directory: world.project(),
        ..rye_executor::Host::default()
    };
    let executor = rye_executor::Executor::new(host, rye_executor::Config::default()).unwrap();
    let ran: Result<(), Box<dyn Error>> = block_on(async {
        let resolution = executor.resolve(&"follow".parse()?)?;
        let invocation = executor.invoke(resolution, serde_json::Map::new(), CallOptions::default())?;
        let mut run = executor.start(executor.plan(&invocation)?)?;
        while let Some(event) = run.next_event().await {
            if let RunEvent::Stdout(_) = event {
                run.stopper().stop(Stop::Ask);
            }
        }
        let outcome = run.outcome().await?;
        assert_eq!(outcome.error.map(|error| error.code), Some(Code::Stopped));
        assert_eq!(outcome.stdout, "ready\n");
        Ok(())
    });
    ran.unwrap();
}

#[test]
fn the_page_shows_these_lines() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let page = std::fs::read_to_string(format!("{root}/docs/embedding.md")).unwrap();
    let own = std::fs::read_to_string(format!("{root}/tests/embedding.rs")).unwrap();
    let tests: Vec<_> = own.split("#[test]").skip(1).collect();
    let fences: Vec<_> =
        page.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(fences.len(), 3);
    for (fence, test) in fences.iter().zip(tests) {
        let mut lines = test.lines().map(str::trim);
        for line in fence.lines().map(str::trim).filter(|line| !line.is_empty()) {
            assert!(lines.any(|here| here == line), "not in its test, or not in its place: {line}");
        }
    }
}
