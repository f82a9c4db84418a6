//! Version managers by their folders and files alone: the version that they name is found in a fake home, their
//! shims are followed or passed over, and nothing of theirs is ever started.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::world::World;

/// An interpreter that only says which one it is.
const FAKE: &str = "#!/bin/sh\necho \"$0\"\n";

/// Every program of a manager; each would leave a mark.
const MANAGERS: [&str; 9] = ["nvm", "volta", "fnm", "asdf", "mise", "pyenv", "rbenv", "nodenv", "corepack"];

/// A world whose `PATH` begins with managers that must not run, and with the given shims' folder.
fn world() -> World {
    let world = World::new();
    for name in MANAGERS {
        for folder in ["managers", "home/.local/bin", "home/.pyenv/bin", "home/.volta/bin", "home/.asdf/bin"]
        {
            world.program(&format!("{folder}/{name}"), world.marking());
        }
    }
    world
}

fn search_path(world: &World, folders: &[&str]) -> String {
    let root = world.root();
    let own = folders.iter().chain(&["managers"]).map(|folder| root.join(folder).display().to_string());
    own.chain(["/usr/bin".to_owned(), "/bin".to_owned()]).collect::<Vec<_>>().join(":")
}

/// The tool `which`: a Node script that looks in these groups and has no other chance.
fn node_tool(world: &World, groups: &str) {
    let interpreter = format!("{{ search = [{groups}], fallback = \"no-such-node\" }}");
    let block = format!("// /// rye\n// env_config = {{ interpreter = {interpreter} }}\n// ///\n");
    world.tool("which.js", format!("{block}console.log('real')\n"));
}

/// Which of the world's files ran, by its path from the root; or the code word of the refusal.
#[track_caller]
fn which(world: &World, folders: &[&str]) -> String {
    let call = world.rye(["--json", "run", "which"]).env("PATH", search_path(world, folders));
    let outcome = call.run().json();
    assert!(!world.ran(), "a manager ran: {outcome:#}");
    let root = format!("{}/", world.root().display());
    let data = outcome["data"].as_str().unwrap_or_default().trim_end();
    match data.strip_prefix(&root) {
        Some(place) => place.to_owned(),
        None => outcome["error"]["code"].as_str().unwrap_or(data).to_owned(),
    }
}

const NVM: [&str; 3] = [
    "home/.nvm/versions/node/v9.11.2/bin/node",
    "home/.nvm/versions/node/v18.19.0/bin/node",
    "home/.nvm/versions/node/v20.2.0/bin/node",
];
const VOLTA: [&str; 2] =
    ["home/.volta/tools/image/node/18.19.0/bin/node", "home/.volta/tools/image/node/20.2.0/bin/node"];
const FNM: [&str; 2] = [
    "home/.local/share/fnm/node-versions/v18.19.0/installation/bin/node",
    "home/.local/share/fnm/node-versions/v20.2.0/installation/bin/node",
];
const OLD_FNM: [&str; 2] = [
    "home/.fnm/node-versions/v18.19.0/installation/bin/node",
    "home/.fnm/node-versions/v20.2.0/installation/bin/node",
];
const ASDF: [&str; 2] =
    ["home/.asdf/installs/nodejs/18.19.0/bin/node", "home/.asdf/installs/nodejs/20.2.0/bin/node"];
const MISE: [&str; 2] = [
    "home/.local/share/mise/installs/node/18.19.0/bin/node",
    "home/.local/share/mise/installs/node/20.2.0/bin/node",
];
const NOT_FOUND: &str = "interpreter_not_found";

#[test]
fn the_version_that_a_managers_files_name_is_taken() {
    type Row = (&'static [&'static str], &'static [(&'static str, &'static str)], &'static str);
    const PIN: &str = "{\"name\": \"x\", \"volta\": {\"node\": \"18.19.0\"}}";
    const PLATFORM: &str = "{\"node\": {\"runtime\": \"18.19.0\", \"npm\": null}}";
    let rows: &[Row] = &[
        (&NVM, &[], NVM[2]),
        (&NVM, &[("project/.nvmrc", "18\n")], NVM[1]),
        (&NVM, &[("project/.nvmrc", "v18.19.0")], NVM[1]),
        (&NVM, &[("project/.nvmrc", "# why\n9.11\n")], NVM[0]),
        (&NVM, &[("project/.nvmrc", "lts/*\n")], NVM[2]),
        (&NVM, &[("project/.nvmrc", "node\n")], NVM[2]),
        (&NVM, &[("project/.nvmrc", "../../..\n")], NVM[2]),
        (&NVM, &[("project/.nvmrc", "1\n")], NOT_FOUND),
        (&NVM, &[("project/.nvmrc", "22\n")], NOT_FOUND),
        (&NVM, &[("project/.node-version", "9.11.2\n")], NVM[0]),
        (&NVM, &[("project/.nvmrc", "18\n"), ("project/.node-version", "9\n")], NVM[1]),
        (&NVM, &[(".nvmrc", "18\n")], NVM[1]),
        (&NVM, &[(".nvmrc", "18\n"), ("project/.node-version", "9\n")], NVM[0]),
        (&NVM, &[("home/.nvm/alias/default", "18\n")], NVM[1]),
        (&NVM, &[("home/.nvm/alias/default", "lts/*\n")], NVM[2]),
        (&NVM, &[("home/.nvm/alias/default", "9\n"), ("project/.nvmrc", "18\n")], NVM[1]),
        (&VOLTA, &[], VOLTA[1]),
        (&VOLTA, &[("home/.volta/tools/user/platform.json", PLATFORM)], VOLTA[0]),
        (&VOLTA, &[("project/package.json", PIN)], VOLTA[0]),
        (&VOLTA, &[("package.json", PIN), ("project/package.json", "{\"volta\": {}}")], VOLTA[0]),
        (&VOLTA, &[("project/package.json", "{broken")], VOLTA[1]),
        (
            &VOLTA,
            &[
                ("project/package.json", "{\"volta\": {\"node\": \"20.2.0\"}}"),
                ("home/.volta/tools/user/platform.json", PLATFORM),
            ],
            VOLTA[1],
        ),
        (&VOLTA, &[("project/package.json", "{\"volta\": {\"node\": \"21.0.0\"}}")], NOT_FOUND),
        (&FNM, &[], FNM[1]),
        (&FNM, &[("project/.node-version", "18")], FNM[0]),
        (&FNM, &[("project/.nvmrc", "v18.19.0")], FNM[0]),
        (&FNM, &[("project/.nvmrc", "v17")], NOT_FOUND),
        (&OLD_FNM, &[], OLD_FNM[1]),
        (&OLD_FNM, &[("project/.node-version", "18")], OLD_FNM[0]),
        (&ASDF, &[], ASDF[1]),
        (&ASDF, &[("project/.tool-versions", "python 3.12.1\nnodejs 18.19.0 # old\n")], ASDF[0]),
        (&ASDF, &[(".tool-versions", "nodejs 18.19.0\n")], ASDF[0]),
        (&ASDF, &[("home/.tool-versions", "nodejs 18.19.0\n")], ASDF[0]),
        (
            &ASDF,
            &[("home/.tool-versions", "nodejs 20.2.0\n"), ("project/.tool-versions", "nodejs 18.19.0\n")],
            ASDF[0],
        ),
        (&ASDF, &[("project/.tool-versions", "nodejs 21.0.0\n")], NOT_FOUND),
        (&ASDF, &[("project/.tool-versions", "python 18.19.0\n")], ASDF[1]),
        (&MISE, &[], MISE[1]),
        (&MISE, &[("project/.tool-versions", "node 18\n")], MISE[0]),
        (&MISE, &[("home/.tool-versions", "node 18.19.0\n")], MISE[0]),
    ];
    for (installed, files, want) in rows {
        let world = world();
        node_tool(&world, "\"user\"");
        installed.iter().for_each(|place| drop(world.program(place, FAKE)));
        files.iter().for_each(|(path, text)| drop(world.file(path, text)));
        assert_eq!(which(&world, &[]), *want, "{installed:?} {files:?}");
    }
}

#[test]
fn the_default_of_fnm_is_a_link() {
    let world = world();
    node_tool(&world, "\"user\"");
    FNM.iter().for_each(|place| drop(world.program(place, FAKE)));
    let root = world.home().join(".local/share/fnm");
    fs::create_dir_all(root.join("aliases")).unwrap();
    symlink(root.join("node-versions/v18.19.0/installation"), root.join("aliases/default")).unwrap();
    assert_eq!(which(&world, &[]), FNM[0]);
    world.file("project/.node-version", "20");
    assert_eq!(which(&world, &[]), FNM[1]);
}

#[test]
fn the_managers_come_in_one_order_and_the_project_first() {
    let world = world();
    node_tool(&world, "\"project\", \"user\"");
    assert_eq!(which(&world, &[]), NOT_FOUND);
    let places = [MISE[0], ASDF[0], OLD_FNM[0], FNM[0], VOLTA[0], NVM[0], "project/node_modules/.bin/node"];
    for place in places {
        world.program(place, FAKE);
        assert_eq!(which(&world, &[]), place);
    }
    node_tool(&world, "\"user\", \"project\"");
    assert_eq!(which(&world, &[]), NVM[0]);
    // What is no file is passed over.
    for (place, next) in [(NVM[0], VOLTA[0]), (VOLTA[0], FNM[0])] {
        fs::remove_file(world.root().join(place)).unwrap();
        fs::create_dir(world.root().join(place)).unwrap();
        assert_eq!(which(&world, &[]), next);
    }
}

#[test]
fn what_is_not_found_is_told_with_every_place() {
    let world = world();
    node_tool(&world, "\"project\", \"user\"");
    let (project, home) = (world.project(), world.home());
    let refused = |rows: &[(&str, &str)]| {
        let mut holds = vec![format!(
            "{} (project node_modules): not there",
            project.join("node_modules/.bin/node").display()
        )];
        holds.extend(
            rows.iter().map(|(path, source)| format!("{} ({source}): not there", home.join(path).display())),
        );
        holds.push("no-such-node (the fallback, on PATH): not there".to_owned());
        holds.push("install it: `apt install nodejs`".to_owned());
        world.refused(["which"], 127, NOT_FOUND, &holds.iter().map(String::as_str).collect::<Vec<_>>());
    };
    refused(&[
        (".nvm/versions/node/*/bin/node", "nvm"),
        (".volta/tools/image/node/*/bin/node", "volta"),
        (".local/share/fnm/node-versions/*/installation/bin/node", "fnm"),
        (".fnm/node-versions/*/installation/bin/node", "fnm"),
        (".asdf/installs/nodejs/*/bin/node", "asdf"),
        (".local/share/mise/installs/node/*/bin/node", "mise"),
    ]);
    for place in [NVM[0], VOLTA[0], FNM[0], ASDF[0]] {
        world.program(place, FAKE);
    }
    world.file("project/.nvmrc", "22\n");
    world.file("project/.tool-versions", "nodejs 22.1.0\n");
    world.file("project/package.json", "{\"volta\": {\"node\": \"22.2.0\"}}");
    refused(&[
        (".nvm/versions/node/22/bin/node", "nvm"),
        (".volta/tools/image/node/22.2.0/bin/node", "volta"),
        (".local/share/fnm/node-versions/22/installation/bin/node", "fnm"),
        (".asdf/installs/nodejs/22.1.0/bin/node", "asdf"),
        (".local/share/mise/installs/node/22.1.0/bin/node", "mise"),
    ]);
    // Python's own places, where no version is installed at all.
    let block =
        "# /// rye\n# env_config.interpreter = { search = [\"user\"], fallback = \"no-py\" }\n# ///\n";
    world.tool("python.py", format!("{block}print(1)\n"));
    let places =
        [".venv/bin/python3", ".venv/bin/python", ".virtualenv/bin/python3", ".virtualenv/bin/python"];
    let places = places.into_iter().chain([".pyenv/versions/*/bin/python3", ".pyenv/versions/*/bin/python"]);
    let holds: Vec<_> = places.map(|path| home.join(path).display().to_string()).collect();
    let holds: Vec<_> = holds.iter().map(String::as_str).chain(["no-py (the fallback, on PATH)"]).collect();
    world.refused(["python"], 127, NOT_FOUND, &holds);
}

#[test]
fn a_shim_is_followed_to_what_its_files_name_or_passed_over() {
    /// Manager, shims, name, file and text, the real one, and a text whose version is not there.
    type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);
    let rows: &[Row] = &[
        (".pyenv/shims", "py9", ".python-version", "3.9.1\n", ".pyenv/versions/3.9.1/bin/py9", "3.8\n"),
        (".rbenv/shims", "rb9", ".ruby-version", "3.2\n", ".rbenv/versions/3.2.1/bin/rb9", "system\n"),
        (".nodenv/shims", "nd9", ".node-version", "20\n", ".nodenv/versions/20.1.0/bin/nd9", "18\n"),
        (
            ".asdf/shims",
            "py9",
            ".tool-versions",
            "a 1\npy 3.9.1\n",
            ".asdf/installs/py/3.9.1/bin/py9",
            "py 3.8\n",
        ),
        (
            ".asdf/shims",
            "py9",
            ".tool-versions",
            "py 3.8 3.9.1\n",
            ".asdf/installs/py/3.9.1/bin/py9",
            "py system\n",
        ),
        (
            ".local/share/mise/shims",
            "py9",
            ".tool-versions",
            "py 3.9\n",
            ".local/share/mise/installs/py/3.9.1/bin/py9",
            "py latest\n",
        ),
        (
            ".volta/bin",
            "node",
            "package.json",
            "{\"volta\": {\"node\": \"20.1.0\"}}",
            ".volta/tools/image/node/20.1.0/bin/node",
            "{\"volta\": {\"node\": \"18.0.0\"}}",
        ),
    ];
    for (shims, name, file, text, real, missing) in rows {
        let world = world();
        world.tool(
            "which.toml",
            format!("executor_id = \"finds\"\nconfig = {{ command = \"${{IT}}\" }}\n# {name}\n"),
        );
        world.tool(
            "finds.toml",
            format!(
                "tool_type = \"runtime\"\nexecutor_id = \"subprocess\"\n[env_config.it]\ntype = \"binary\"\n\
                 names = [\"{name}\"]\nvar = \"IT\"\nsearch = [\"system\"]\n"
            ),
        );
        let shims = format!("home/{shims}");
        world.program(&format!("{shims}/{name}"), world.marking());
        let real = world.program(&format!("home/{real}"), FAKE);
        let found = || {
            let call = world.rye(["--json", "run", "which"]);
            let path =
                format!("{}:{}", world.root().join(&shims).display(), world.root().join("later").display());
            let outcome = call.env("PATH", path).run().json();
            assert!(!world.ran(), "a shim ran: {outcome:#}");
            outcome
        };
        let passed_over = |why: &str| {
            let outcome = found();
            assert_eq!(outcome["error"]["code"], NOT_FOUND, "{why} {shims}: {outcome:#}");
            assert!(
                outcome["error"]["causes"].to_string().contains("a version manager's shim"),
                "{outcome:#}"
            );
        };
        if !shims.contains("volta") {
            passed_over("no file");
        }
        world.file(&format!("project/{file}"), missing);
        passed_over("not installed");
        // The nearest file decides, also where a farther one names what is there.
        world.file(file, text);
        passed_over("a farther file");
        world.program(&format!("later/{name}"), FAKE);
        assert_eq!(
            found()["data"].as_str().unwrap().trim_end(),
            world.root().join("later").join(name).to_str().unwrap()
        );
        fs::remove_file(world.project().join(file)).unwrap();
        assert_eq!(found()["data"].as_str().unwrap().trim_end(), real.to_str().unwrap(), "{shims}");
        fs::remove_file(world.root().join(file)).unwrap();
        world.file(&format!("project/{file}"), text);
        assert_eq!(found()["data"].as_str().unwrap().trim_end(), real.to_str().unwrap(), "{shims}");
    }
}

#[test]
fn a_version_file_names_no_path() {
    let world = world();
    node_tool(&world, "\"user\"");
    world.program("evil/1.0/bin/node", FAKE);
    let evil = world.root().join("evil").display().to_string();
    world.tool(
        "shimmed.js",
        "// /// rye\n// env_config.interpreter = { search = [\"project\"], fallback = \"node\" }\n// ///\n",
    );
    world.program("home/.asdf/shims/node", world.marking());
    fs::create_dir_all(world.home().join(".asdf/installs/nodejs")).unwrap();
    for text in [
        format!("{evil} 1.0\n"),
        "../../../evil 1.0\n".to_owned(),
        "nodejs ../../../../evil/1.0\n".to_owned(),
    ] {
        world.file("project/.tool-versions", &text);
        assert_eq!(which(&world, &[]), NOT_FOUND, "{text}");
        let path = world.home().join(".asdf/shims");
        let ran = world.rye(["--json", "run", "shimmed"]).env("PATH", path).run();
        assert_eq!(ran.json()["error"]["code"], NOT_FOUND, "{text}: {}", ran.stdout());
    }
    assert!(!world.ran());
}

#[test]
fn the_projects_node_modules_are_published_there_or_not() {
    let world = World::new();
    world.tool("modules.js", "console.log('real')\n");
    world.program(
        "project/node_modules/.bin/node",
        "#!/bin/sh\necho \"$PROJECT_NODE_MODULES $NODE_ENV $RYE_NODE\"\n",
    );
    let modules = world.project().join("node_modules").display().to_string();
    assert_eq!(world.data(["modules"]), format!("{modules} production {modules}/.bin/node\n"));
    fs::rename(world.project().join("node_modules"), world.home().join("node_modules")).unwrap();
    fs::create_dir_all(world.home().join(".nvm/versions/node/v20.0.0/bin")).unwrap();
    let from = world.home().join("node_modules/.bin/node");
    let node = world.home().join(".nvm/versions/node/v20.0.0/bin/node");
    fs::rename(from, &node).unwrap();
    assert_eq!(world.data(["modules"]), format!("{modules} production {}\n", node.display()));
    world.user_tool("mine.js", "console.log('real')\n");
    let outside = world.rye(["--json", "run", "mine"]).cwd(world.home()).run().json();
    let here = world.home().join("node_modules").display().to_string();
    assert_eq!(outside["data"], json!(format!("{here} production {}\n", node.display())), "{outside:#}");
}
