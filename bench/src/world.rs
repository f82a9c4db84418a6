//! A project in a temporary folder, the same for every contender, with an environment of three names.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;
use crate::program::Program;

const FUNCTION: &str = r#"def main(name: str, times: int = 1) -> dict:
    """Greets someone."""
    return {"greeting": " ".join(["Hello " + name] * times), "length": len(name)}
"#;

const BY_HAND: &str = "
import json
import sys

print(json.dumps(main(**json.loads(sys.argv[1]))))
";

const NODE_FUNCTION: &str = "export function main({ name }) {
  return { greeting: `Hello ${name}`, length: name.length };
}
";

const NODE_BY_HAND: &str = "console.log(JSON.stringify(main(JSON.parse(process.argv[2]))));
";

/// Folders and files; gone at the end.
pub(crate) struct World {
    root: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl World {
    pub(crate) fn new() -> Result<Self, Failure> {
        let root = tempfile::Builder::new().prefix("rye-bench-").tempdir()?;
        let mut environment: Vec<(OsString, OsString)> =
            vec![("PATH".into(), "/bin:/usr/bin".into()), ("LANG".into(), "C.UTF-8".into())];
        environment.push(("HOME".into(), root.path().join("home").into()));
        let world = Self { root, environment };
        fs::create_dir_all(world.path("home"))?;
        fs::create_dir_all(world.project().join(".ai/tools"))?;
        world.write(".ai/rye.toml", "pass_env = [\"CI\"]\n")?;
        world.write(
            ".ai/tools/nothing.toml",
            "executor_id = \"subprocess\"\n[config]\ncommand = \"true\"\n",
        )?;
        world.write("justfile", "nothing:\n    @/bin/true\n")?;
        world.write("mise.toml", "[tasks.nothing]\nrun = \"/bin/true\"\n")?;
        world.write(".ai/tools/hello.py", FUNCTION)?;
        world.write("by_hand.py", &format!("{FUNCTION}{BY_HAND}"))?;
        world.write(".ai/tools/greet.mjs", NODE_FUNCTION)?;
        world.write("by_hand.mjs", &format!("{NODE_FUNCTION}{NODE_BY_HAND}"))?;
        Ok(world)
    }

    /// The home of every contender.
    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// The Node that rye would find; `None` without one.
    pub(crate) fn node(&self) -> Option<PathBuf> {
        ["/usr/bin/node", "/usr/local/bin/node"].map(PathBuf::from).into_iter().find(|node| node.is_file())
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.path("project")
    }

    pub(crate) fn environment(&self) -> &[(OsString, OsString)] {
        &self.environment
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, path: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.project().join(path);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// A file of zeros that takes no room on the disk.
    pub(crate) fn zeros(&self, bytes: u64) -> Result<PathBuf, Failure> {
        let path = self.path("zeros");
        fs::File::create(&path)?.set_len(bytes)?;
        Ok(path)
    }

    /// A program that is run in the project.
    pub(crate) fn program<S: AsRef<OsStr>>(
        &self,
        path: &Path,
        words: impl IntoIterator<Item = S>,
    ) -> Program {
        Program::new(path, &self.environment, &self.project()).words(words)
    }

    /// Makes the project's `.venv` and gives its Python; `None` without a `python3` that can.
    pub(crate) fn python(&self) -> Option<PathBuf> {
        let folder = self.project().join(".venv");
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--without-pip"]).arg(&folder);
        make.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let made = make.status().is_ok_and(|status| status.success());
        made.then(|| folder.join("bin/python3"))
    }
}
