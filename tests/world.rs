//! A world for one test: an empty home, a project, and a `rye` that sees nothing else.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

/// No run of rye in a test may take longer. A test that waits for it has failed.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// Folders and files for one test; gone at its end.
pub(crate) struct World {
    root: tempfile::TempDir,
}

impl World {
    /// An empty home, and a project with an empty `.ai/tools/`.
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("rye-test-").tempdir().unwrap();
        let world = Self { root };
        fs::create_dir_all(world.project().join(".ai/tools")).unwrap();
        fs::create_dir_all(world.home()).unwrap();
        world
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap()
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("project")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("home")
    }

    /// The project's `.ai/tools`.
    pub(crate) fn tools(&self) -> PathBuf {
        self.project().join(".ai/tools")
    }

    /// Writes a file of the world by its path from the root (`home/.venv/x`); folders are made.
    pub(crate) fn file(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes a file of the project's tools.
    pub(crate) fn tool(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        self.file(&format!("project/.ai/tools/{name}"), text)
    }

    /// Writes a file of the user's tools.
    pub(crate) fn user_tool(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        self.file(&format!("home/.ai/tools/{name}"), text)
    }

    /// Writes an executable file of the world by its path from the root.
    pub(crate) fn program(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(path, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// A call of rye in the project, with an environment of `PATH`, `HOME` and nothing else.
    pub(crate) fn rye<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Call {
        Call {
            program: rye().to_owned(),
            words: words.into_iter().map(|word| word.as_ref().to_owned()).collect(),
            environment: vec![
                ("PATH".into(), search_path()),
                ("HOME".into(), self.home().into()),
                ("LANG".into(), "C.UTF-8".into()),
            ],
            cwd: self.project(),
            stdin: Vec::new(),
        }
    }

    /// A shell script that leaves a mark when it is run; see [`World::ran`].
    pub(crate) fn marking(&self) -> String {
        format!("#!/bin/sh\n: > '{}'\n", self.mark().display())
    }

    /// A statement of Python that leaves a mark when it is run; see [`World::ran`].
    pub(crate) fn marking_python(&self) -> String {
        format!("open({:?}, \"w\").close()\n", self.mark())
    }

    /// Whether something that leaves a mark has run.
    pub(crate) fn ran(&self) -> bool {
        self.mark().exists()
    }

    fn mark(&self) -> PathBuf {
        self.root().join("mark")
    }

    /// Runs a tool with `--json` and gives the outcome.
    pub(crate) fn outcome<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Value {
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        let ran = self.rye([OsString::from("--json"), "run".into()].into_iter().chain(words)).run();
        ran.json()
    }

    /// Runs a tool with `--json`, asserts success, and gives `data`.
    #[track_caller]
    pub(crate) fn data<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Value {
        let outcome = self.outcome(words);
        assert_eq!(outcome["success"], true, "{outcome:#}");
        outcome["data"].clone()
    }

    /// Runs a tool with `--json` and asserts that it is refused before anything ran (see [`Ran::refused`]). A tool
    /// that must not run makes a file `ran` in the project, which must not be there.
    #[track_caller]
    pub(crate) fn refused<S: AsRef<OsStr>>(
        &self,
        words: impl IntoIterator<Item = S>,
        exit: i32,
        code: &str,
        holds: &[&str],
    ) {
        let mark = self.project().join("ran");
        let _ = fs::remove_file(&mark);
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        let ran = self.rye([OsString::from("--json"), "run".into()].into_iter().chain(words)).run();
        ran.refused(exit, code, holds);
        assert!(!mark.exists(), "the tool ran");
    }
}

/// The caller's `PATH` without version managers' shims: what a test finds there must start at once.
fn search_path() -> OsString {
    #[expect(clippy::disallowed_methods, reason = "a test is a front end of its own")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let kept =
        std::env::split_paths(&path).filter(|folder| folder.file_name().is_none_or(|name| name != "shims"));
    let python = python().and_then(|python| python.parent().map(Path::to_owned));
    std::env::join_paths(kept.chain(python)).unwrap()
}

/// A real Python: not a shim.
pub(crate) fn python() -> Option<&'static PathBuf> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    PYTHON
        .get_or_init(|| {
            let output = Command::new("python3")
                .args(["-c", "import sys; print(sys.executable)"])
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .and_then(Child::wait_with_output)
                .ok()?;
            let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
            path.is_absolute().then_some(path)
        })
        .as_ref()
}

/// A Node that strips types: the one that `RYE_TESTS_NODE22` names, or that of `PATH`.
pub(crate) fn node22() -> Option<&'static PathBuf> {
    static NODE: OnceLock<Option<PathBuf>> = OnceLock::new();
    NODE.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "a test is a front end of its own")]
        let named = std::env::var_os("RYE_TESTS_NODE22").map(PathBuf::from);
        let on_path = || {
            std::env::split_paths(&search_path())
                .map(|folder| folder.join("node"))
                .find(|node| node.is_file())
        };
        let node = named.or_else(on_path)?;
        let mut asked = Command::new(&node);
        asked.args(["-p", "Boolean(process.features.typescript)"]).stdin(Stdio::null()).stderr(Stdio::null());
        let answer = asked.stdout(Stdio::piped()).spawn().and_then(Child::wait_with_output).ok()?;
        (answer.stdout == b"true\n").then_some(node)
    })
    .as_ref()
}

/// Whether an interpreter is on this machine. One that is missing is named and counted as a skip, and fails the test
/// when `RYE_TESTS_REQUIRE=all`.
pub(crate) fn have(interpreter: &str) -> bool {
    let found = match interpreter {
        "python3" => python().is_some(),
        "node22" => node22().is_some(),
        // FastMCP, the official SDKs and the Inspector; `tests/peers/install` gets them.
        "peers" => Path::new(crate::peers::INSTALLED).join("installed").is_file(),
        other => std::env::split_paths(&search_path()).any(|folder| folder.join(other).is_file()),
    };
    if !found {
        #[expect(clippy::disallowed_methods, reason = "a test is a front end of its own")]
        let required = std::env::var_os("RYE_TESTS_REQUIRE").is_some_and(|all| all == "all");
        assert!(!required, "`{interpreter}` is required and not on this machine");
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // Written past the test harness, which would swallow it.
        let _ = writeln!(std::io::stderr(), "skipped: {test}: no `{interpreter}` on this machine");
    }
    found
}

/// Whether the tests may give files to other users. If not, that is named and counted as a skip.
pub(crate) fn am_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        let _ = writeln!(std::io::stderr(), "skipped: {test}: only root can give files away");
    }
    root
}

/// A call of rye that is being put together.
pub(crate) struct Call {
    program: PathBuf,
    words: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    cwd: PathBuf,
    stdin: Vec<u8>,
}

impl Call {
    /// The same call of another program.
    pub(crate) fn of(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    pub(crate) fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    pub(crate) fn cwd(mut self, path: impl AsRef<Path>) -> Self {
        self.cwd = self.cwd.join(path);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// The command, for tests that need the process itself.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.words).env_clear().envs(self.environment.iter().cloned()).current_dir(&self.cwd);
        command
    }

    /// Runs it to its end, within the bound.
    pub(crate) fn run(self) -> Ran {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.stdin;
        std::thread::spawn(move || stdin.write_all(&input));
        let stdout = read_all(child.stdout.take().unwrap());
        let stderr = read_all(child.stderr.take().unwrap());
        let id = rustix::process::Pid::from_child(&child);
        let (sender, receiver) = mpsc::channel();
        let waiter = std::thread::spawn(move || sender.send(child.wait().unwrap()));
        let Ok(status) = receiver.recv_timeout(BOUND) else {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
            panic!("`{} {:?}` did not end within {BOUND:?}", self.program.display(), self.words);
        };
        waiter.join().unwrap().unwrap();
        let within =
            |receiver: mpsc::Receiver<Vec<u8>>| receiver.recv_timeout(BOUND).expect("a pipe that stays open");
        Ran { code: status.code(), signal: status.signal(), stdout: within(stdout), stderr: within(stderr) }
    }
}

fn read_all(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

/// A call of rye that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Ran {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Asserts exit code 0 and gives standard output.
    #[track_caller]
    pub(crate) fn ok(&self) -> String {
        assert_eq!(self.code, Some(0), "stdout: {}\nstderr: {}", self.stdout(), self.stderr());
        self.stdout()
    }

    /// Standard output as one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout(), self.stderr()))
    }

    /// Asserts a call with `--json` that never became a run: the exit code, the code's word, and that message, causes
    /// and hints hold every one of these words.
    #[track_caller]
    pub(crate) fn refused(&self, exit: i32, code: &str, holds: &[&str]) {
        let outcome = self.json();
        let error = &outcome["error"];
        assert_eq!((self.code, &error["code"]), (Some(exit), &Value::from(code)), "{outcome:#}");
        assert_eq!(outcome["ending"]["kind"], "not_started", "{outcome:#}");
        let lists = [&error["causes"], &error["hints"]];
        let lines = lists.into_iter().filter_map(Value::as_array).flatten().chain([&error["message"]]);
        let told: String = lines.filter_map(Value::as_str).map(|line| format!("{line}\n")).collect();
        for word in holds {
            assert!(told.contains(word), "no {word:?} in: {told}");
        }
    }

    /// Asserts a failure without `--json`: the exit code, and that standard error holds every one of these words.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout(), self.stderr());
        for word in words {
            assert!(self.stderr().contains(word), "no {word:?} in: {}", self.stderr());
        }
    }
}

impl Ran {
    /// Asserts a failure with `--json`: the exit code, the code word, and that fact and advice hold these words.
    #[track_caller]
    pub(crate) fn refuses(&self, exit: i32, code: &str, fact: &str, hint: &str) {
        self.refuses_without_advice(exit, code, fact);
        let hints = lines_of(&self.json()["error"]["hints"]);
        assert!(!hints.is_empty() && hints.contains(hint), "no hint {hint:?} in: {}", self.stdout());
    }

    /// The same where the fact itself says what is wanted.
    #[track_caller]
    pub(crate) fn refuses_without_advice(&self, exit: i32, code: &str, fact: &str) {
        let all = format!("stdout: {}\nstderr: {}", self.stdout(), self.stderr());
        let error = &self.json()["error"];
        assert_eq!(error["code"], code, "{all}");
        assert_eq!(self.code, Some(exit), "{all}");
        let facts = format!("{}\n{}", error["message"].as_str().unwrap(), lines_of(&error["causes"]));
        assert!(facts.contains(fact), "no fact {fact:?} in: {all}");
    }
}

fn lines_of(list: &Value) -> String {
    list.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The binary under test: the one that `RYE_TESTS_BINARY` names, else built once in the profile of this test.
pub(crate) fn rye() -> &'static Path {
    static RYE: OnceLock<PathBuf> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "a test is a front end of its own")]
    RYE.get_or_init(|| std::env::var_os("RYE_TESTS_BINARY").map_or_else(|| built("rye"), PathBuf::from))
}

/// The program of a package of the workspace that has its name, built in the profile of this test.
pub(crate) fn built(package: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(Path::parent).unwrap().to_owned();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", package, "--target-dir"]).arg(folder.parent().unwrap());
    build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if folder.file_name() == Some(OsStr::new("release")) {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success(), "`{package}` does not build");
    folder.join(package)
}

/// A helper program that misbehaves on demand (`tests/programs/misbehave.rs`).
pub(crate) fn misbehave() -> &'static str {
    env!("CARGO_BIN_EXE_misbehave")
}
