//! A program with its words and surroundings, run to its end as often as it takes. A run that fails is a failure of
//! the bench: a fast error is no result.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

/// One read of what is thrown away.
const CHUNK: usize = 256 << 10;

/// What is run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    words: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    cwd: PathBuf,
}

impl Program {
    pub(crate) fn new(path: &Path, environment: &[(OsString, OsString)], cwd: &Path) -> Self {
        Self { words: vec![path.into()], environment: environment.to_vec(), cwd: cwd.to_owned() }
    }

    pub(crate) fn words<S: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.words.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The same, run by another program that gets it as its words.
    pub(crate) fn by(mut self, runner: &Path) -> Self {
        self.words.insert(0, runner.into());
        self
    }

    fn command(&self) -> Result<Command, Failure> {
        let (program, words) = self.words.split_first().ok_or("no program")?;
        let mut command = Command::new(program);
        command.args(words).env_clear().envs(self.environment.iter().cloned()).current_dir(&self.cwd);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    /// Starts it with pipes to talk through.
    pub(crate) fn serve(&self) -> Result<Child, Failure> {
        Ok(self.command()?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
    }

    /// Starts it with a pipe from its standard error.
    pub(crate) fn serve_and_tell(&self) -> Result<Child, Failure> {
        Ok(self.command()?.stderr(Stdio::piped()).spawn()?)
    }

    /// Starts it, into nothing.
    pub(crate) fn start(&self) -> Result<Child, Failure> {
        Ok(self.command()?.spawn()?)
    }

    /// Runs it once, with its output into pipes that are read to their ends.
    pub(crate) fn capture(&self) -> Result<Duration, Failure> {
        let mut command = self.command()?;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let begin = Instant::now();
        let status = command.spawn()?.wait_with_output()?.status;
        let taken = begin.elapsed();
        if !status.success() {
            return Err(format!("{:?} ended with {status}", self.words).into());
        }
        Ok(taken)
    }

    /// Runs it once, into nothing.
    pub(crate) fn run(&self) -> Result<Duration, Failure> {
        let mut command = self.command()?;
        let begin = Instant::now();
        let status = command.status()?;
        let taken = begin.elapsed();
        if !status.success() {
            return Err(format!("{:?} ended with {status}", self.words).into());
        }
        Ok(taken)
    }

    /// Runs it once and gives what it printed, with its peak of memory in bytes, when `peak` runs it.
    pub(crate) fn print(&self) -> Result<(Vec<u8>, u64), Failure> {
        let mut command = self.command()?;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = command.spawn()?.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(format!("{:?} ended with {}: {said}", self.words, output.status).into());
        }
        Ok((output.stdout, peak(&said)?))
    }

    /// Runs it once with its output into a pipe, and counts what comes through.
    pub(crate) fn flood(&self) -> Result<Flood, Failure> {
        let mut command = self.command()?;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut chunk = vec![0; CHUNK];
        let mut bytes = 0;
        let begin = Instant::now();
        let mut child = command.spawn()?;
        let mut stdout = child.stdout.take().ok_or("no pipe")?;
        let mut stderr = child.stderr.take().ok_or("no pipe")?;
        loop {
            match stdout.read(&mut chunk)? {
                0 => break,
                read => bytes += read as u64,
            }
        }
        let status = child.wait()?;
        let taken = begin.elapsed();
        // Read last: what is said there is a line or two.
        let mut said = String::new();
        stderr.read_to_string(&mut said)?;
        if !status.success() {
            return Err(format!("{:?} ended with {status}: {said}", self.words).into());
        }
        Ok(Flood { taken, bytes, said })
    }
}

/// What came out of a program.
#[derive(Debug)]
pub(crate) struct Flood {
    pub(crate) taken: Duration,
    pub(crate) bytes: u64,
    said: String,
}

impl Flood {
    /// The peak of memory in bytes, when `peak` ran the program.
    pub(crate) fn peak(&self) -> Result<u64, Failure> {
        peak(&self.said)
    }
}

fn peak(said: &str) -> Result<u64, Failure> {
    let figure = said.lines().rev().find_map(|line| line.strip_prefix("peak "));
    Ok(figure.ok_or_else(|| format!("`peak` said nothing: {said}"))?.parse()?)
}
