//! Where trees are killed: a project with a tool for each shape, one server that stays, and the roster of the tree that
//! is on.

use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use super::shapes::{SHAPES, Shape};
use crate::Failure;
use crate::processes::{Identity, everyone, strays};
use crate::product::Product;
use crate::soak::Client;
use crate::world::World;

/// How long a tool has after it was asked to end.
pub(super) const GRACE: Duration = Duration::from_millis(50);
/// The time limit of those tools that have one: longer than a tree takes to be whole.
pub(super) const LIMIT: Duration = Duration::from_millis(300);
/// What is there after so long is there for good.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Place {
    world: World,
    rye: PathBuf,
    roster: PathBuf,
    /// `None`: it was killed.
    server: Option<Client>,
}

impl Place {
    pub(super) fn new(product: &Product) -> Result<Self, Failure> {
        let world = World::new()?;
        let roster = world.home().join("roster");
        let path = roster.to_str().ok_or("a path that is no text")?;
        let grace = GRACE.as_secs_f64();
        for shape in SHAPES {
            let limited = format!("timeout = {}", LIMIT.as_secs_f64());
            for (suffix, leaves, config) in
                [("", false, ""), ("_limited", false, limited.as_str()), ("_left", true, "")]
            {
                let (command, words) = (&product.misbehave, shape.words(path, leaves));
                let text = format!(
                    "executor_id = \"subprocess\"\n[config]\ncommand = {command:?}\nargs = {words:?}\ngrace = {grace}\n{config}\n"
                );
                world.write(&format!(".ai/tools/{}{suffix}.toml", shape.id), &text)?;
            }
        }
        Ok(Self { world, rye: product.rye.clone(), roster, server: None })
    }

    /// The server; started when there is none.
    pub(super) fn server(&mut self) -> Result<&Client, Failure> {
        let server = match self.server.take() {
            Some(server) => server,
            None => Client::start(&self.world.program(&self.rye, ["mcp"]))?,
        };
        Ok(self.server.insert(server))
    }

    pub(super) fn kill_server(&mut self) -> Result<(), Failure> {
        self.server.take().map_or(Ok(()), Client::kill)
    }

    /// Starts a rye.
    pub(super) fn run(&self, words: &[&str]) -> Result<Child, Failure> {
        self.world.program(&self.rye, words).start()
    }

    /// Waits until a tree is whole.
    pub(super) fn until_whole(&self, shape: &Shape) -> Result<(), Failure> {
        let begin = Instant::now();
        while everyone(&self.roster).len() < shape.size {
            if begin.elapsed() > PATIENCE {
                return Err(format!("only {:?}", everyone(&self.roster)).into());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        Ok(())
    }

    /// How many of the tree are there now.
    pub(super) fn there(&self) -> usize {
        everyone(&self.roster).into_iter().filter(|process| process.is_alive()).count()
    }

    /// Waits until nobody of the tree is there, for as long as patience lasts.
    pub(super) fn until_empty(&self) {
        let begin = Instant::now();
        let (mut gone, mut known): (usize, Vec<Identity>) = (0, Vec::new());
        while begin.elapsed() < PATIENCE {
            match known.get(gone) {
                Some(process) if process.ends_within(PATIENCE.saturating_sub(begin.elapsed())) => gone += 1,
                Some(_) => return,
                None => {
                    let more = everyone(&self.roster);
                    if more.len() == known.len() {
                        return;
                    }
                    known = more;
                }
            }
        }
    }

    /// How many are left, of the tree and of what has come to the bench; they are ended, and the roster is anew.
    pub(super) fn clear(&mut self) -> usize {
        let own: Vec<u32> = self.server.iter().map(Client::id).collect();
        let strays = strays(&own, PATIENCE);
        let left: Vec<_> = everyone(&self.roster).into_iter().filter(|process| process.is_alive()).collect();
        left.iter().for_each(|process| process.kill());
        let _ = std::fs::remove_file(&self.roster);
        left.iter().chain(strays.iter().filter(|stray| !left.contains(stray))).count()
    }

    pub(super) fn end(mut self) -> Result<(), Failure> {
        self.server.take().map_or(Ok(()), |server| server.end().map(drop))
    }
}
