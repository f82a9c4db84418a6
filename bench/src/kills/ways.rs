//! The ways in which a run comes to an end, each with the moment at which the grace of its tree is over. Where rye lives
//! on, nobody may be there when it says that the run has ended; where it does not, its keeper sees to that.

use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::place::{GRACE, LIMIT, PATIENCE, Place};
use super::shapes::{Manners, Shape};
use crate::Failure;

/// What the rest of a tree has whose leader has ended.
const REST: Duration = Duration::from_millis(200);

/// One way.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) name: &'static str,
    kill: fn(&mut Place, &Shape) -> Result<End, Failure>,
}

/// What was seen of an end.
struct End {
    /// The tree was asked to end, or its leader did.
    asked: Instant,
    grace: Duration,
    over: Instant,
    /// Who was there when the end was told.
    early: usize,
}

pub(super) const WAYS: [Way; 7] = [
    Way { name: "time limit", kill: time_limit },
    Way { name: "cancelled", kill: cancelled },
    Way { name: "rye mcp killed", kill: server_killed },
    Way { name: "rye run killed", kill: |place, shape| killed(place, &["run", shape.id], shape) },
    Way {
        name: "rye --json run killed",
        kill: |place, shape| killed(place, &["--json", "run", shape.id], shape),
    },
    Way { name: "TERM to rye --json run", kill: asked },
    Way { name: "leader exits", kill: leader_exits },
];

impl Way {
    /// Ends one tree: how long after its grace it was empty, and how many are left.
    pub(super) fn kill(self, place: &mut Place, shape: &Shape) -> Result<(Duration, usize), Failure> {
        let end = (self.kill)(place, shape)?;
        let left = place.clear();
        Ok((end.over.saturating_duration_since(end.asked + end.grace), left.max(end.early)))
    }
}

/// The grace of a tree that rye ends.
fn grace(shape: &Shape) -> Duration {
    match shape.manners {
        Manners::Obedient => Duration::ZERO,
        Manners::Deaf => GRACE,
        // Its leader ends when it is asked to.
        Manners::Growing => REST,
    }
}

/// The grace of a tree that its keeper ends.
fn keepers_grace(shape: &Shape) -> Duration {
    if shape.manners == Manners::Obedient { Duration::ZERO } else { GRACE }
}

fn time_limit(place: &mut Place, shape: &Shape) -> Result<End, Failure> {
    let begin = Instant::now();
    let call = place.server()?.call(&format!("{}_limited", shape.id), &json!({}), false)?;
    let answer = call.answer()?;
    let (over, early) = (Instant::now(), place.there());
    if !answer.to_string().contains("timed_out") {
        return Err(format!("no time limit came: {answer}").into());
    }
    Ok(End { asked: begin + LIMIT, grace: grace(shape), over, early })
}

fn cancelled(place: &mut Place, shape: &Shape) -> Result<End, Failure> {
    let call = place.server()?.call(shape.id, &json!({}), false)?;
    place.until_whole(shape)?;
    let asked = Instant::now();
    place.server()?.cancel(&call)?;
    place.until_empty();
    Ok(End { asked, grace: grace(shape), over: Instant::now(), early: 0 })
}

fn server_killed(place: &mut Place, shape: &Shape) -> Result<End, Failure> {
    place.server()?.call(shape.id, &json!({}), false)?;
    place.until_whole(shape)?;
    let asked = Instant::now();
    place.kill_server()?;
    place.until_empty();
    Ok(End { asked, grace: keepers_grace(shape), over: Instant::now(), early: 0 })
}

fn killed(place: &mut Place, words: &[&str], shape: &Shape) -> Result<End, Failure> {
    let mut rye = place.run(words)?;
    place.until_whole(shape)?;
    let asked = Instant::now();
    rye.kill()?;
    place.until_empty();
    let over = Instant::now();
    rye.wait()?;
    Ok(End { asked, grace: keepers_grace(shape), over, early: 0 })
}

fn asked(place: &mut Place, shape: &Shape) -> Result<End, Failure> {
    let mut rye = place.run(&["--json", "run", shape.id])?;
    place.until_whole(shape)?;
    let asked = Instant::now();
    kill_process(Pid::from_child(&rye), Signal::TERM)?;
    wait(&mut rye)?;
    Ok(End { asked, grace: grace(shape), over: Instant::now(), early: place.there() })
}

fn leader_exits(place: &mut Place, shape: &Shape) -> Result<End, Failure> {
    let call = place.server()?.call(&format!("{}_left", shape.id), &json!({}), false)?;
    place.until_whole(shape)?;
    let asked = Instant::now();
    let answer = call.answer()?;
    let (over, early) = (Instant::now(), place.there());
    if answer.pointer("/result/isError") != Some(&json!(false)) {
        return Err(format!("the leader failed: {answer}").into());
    }
    let grace = if shape.manners == Manners::Obedient { Duration::ZERO } else { REST };
    Ok(End { asked, grace, over, early })
}

/// Waits for a `rye run` within the bound.
fn wait(rye: &mut Child) -> Result<(), Failure> {
    let begin = Instant::now();
    while rye.try_wait()?.is_none() {
        if begin.elapsed() > PATIENCE {
            rye.kill()?;
            rye.wait()?;
            return Err("`rye run` does not end".into());
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}
