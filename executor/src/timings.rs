//! Where the time of one call went, stage by stage. The stages follow one another without a gap: together they are
//! all the time that was looked at.

use std::time::{Duration, Instant};

use rye_resolver::Plan;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::outcome::Outcome;

/// A part of the road of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The front end reads words and environment.
    Read,
    /// The spaces are found and their `rye.toml` is read.
    Configure,
    /// The tool is found and its chain followed.
    Resolve,
    /// Arguments are read and checked.
    Arguments,
    /// Interpreters are looked for.
    Interpreter,
    /// The environment is built, templates are filled.
    Plan,
    /// The call waits for its turn.
    Queue,
    /// The event loop is built, signals are watched.
    Prepare,
    /// The process is made, until it executes the program.
    Start,
    /// The program runs.
    Run,
    /// What the program left behind is ended, and the last of its output read.
    End,
    /// The HTTP exchange is made.
    Exchange,
    /// The outcome is shown.
    Report,
}

impl Stage {
    /// The stage's name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Configure => "configure",
            Self::Resolve => "resolve",
            Self::Arguments => "arguments",
            Self::Interpreter => "interpreter",
            Self::Plan => "plan",
            Self::Queue => "queue",
            Self::Prepare => "prepare",
            Self::Start => "start",
            Self::Run => "run",
            Self::End => "end",
            Self::Exchange => "exchange",
            Self::Report => "report",
        }
    }

    /// What happens in it, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Read => "words and environment are read",
            Self::Configure => "spaces are found, `rye.toml` is read",
            Self::Resolve => "the tool is found, its chain followed",
            Self::Arguments => "arguments are read and checked",
            Self::Interpreter => "interpreters are looked for",
            Self::Plan => "the environment is built, templates filled",
            Self::Queue => "the call waits for its turn",
            Self::Prepare => "the event loop is built, signals watched",
            Self::Start => "the process is made",
            Self::Run => "the program runs",
            Self::End => "what it left behind is ended, output drained",
            Self::Exchange => "request and answer",
            Self::Report => "the outcome is shown",
        }
    }
}

/// The stages of a call and how long each took, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// A stage that did not happen is not there.
    pub stages: Vec<(Stage, Duration)>,
}

impl Timings {
    /// How long all of it took.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.stages.iter().map(|(_, taken)| *taken).sum()
    }
}

impl Serialize for Timings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.stages.len() + 1))?;
        for (stage, taken) in &self.stages {
            map.serialize_entry(&format!("{}_ms", stage.word()), &milliseconds(*taken))?;
        }
        map.serialize_entry("total_ms", &milliseconds(self.total()))?;
        map.end()
    }
}

/// To the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// A clock that a front end carries along a call, to see what the stages before the run take. The stage that is on when
/// something fails is the one that failed.
#[derive(Clone, Debug)]
pub struct StageClock {
    stage: Stage,
    since: Instant,
    within: Timings,
    timings: Timings,
}

impl StageClock {
    /// Begins with a stage that is on since `begun`.
    #[must_use]
    pub fn new(stage: Stage, begun: Instant) -> Self {
        Self { stage, since: begun, within: Timings::default(), timings: Timings::default() }
    }

    /// Ends the stage that is on and begins the next.
    pub fn begin(&mut self, next: Stage) {
        let now = Instant::now();
        let taken = now.duration_since(self.since).saturating_sub(self.within.total());
        self.timings.stages.push((self.stage, taken));
        self.timings.stages.append(&mut self.within.stages);
        (self.stage, self.since) = (next, now);
    }

    /// Ends [`Stage::Plan`]; the search for interpreters was a part of it.
    pub fn plan_ends(&mut self, plan: &Plan) {
        if !plan.interpreters.is_empty() {
            self.within(Timings { stages: vec![(Stage::Interpreter, plan.search)] });
        }
        self.begin(Stage::Prepare);
    }

    /// Ends [`Stage::Prepare`], or where a call failed the stage that was on. An outcome that has the stages of its run
    /// gets those before it as well.
    pub fn run_ends(&mut self, outcome: &mut Outcome) {
        if let Some(run) = &mut outcome.timings {
            self.within(std::mem::take(run));
        }
        self.begin(Stage::Report);
        if let Some(all) = &mut outcome.timings {
            all.clone_from(&self.timings);
        }
    }

    /// Tells of stages within the one that is on, which were measured elsewhere: what they took is not counted to it.
    fn within(&mut self, other: Timings) {
        self.within.stages.extend(other.stages);
    }

    /// The stages that have ended.
    #[must_use]
    pub fn timings(&self) -> &Timings {
        &self.timings
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Stage, StageClock, Timings};

    #[test]
    fn stages_follow_one_another_without_a_gap() {
        let begun = Instant::now();
        let mut clock = StageClock::new(Stage::Read, begun);
        clock.begin(Stage::Plan);
        clock.within(Timings { stages: vec![(Stage::Interpreter, Duration::from_nanos(1))] });
        while clock.since.elapsed() < Duration::from_nanos(1) {}
        clock.begin(Stage::Report);
        let Timings { stages } = clock.timings();
        let names: Vec<_> = stages.iter().map(|(stage, _)| *stage).collect();
        assert_eq!(names, [Stage::Read, Stage::Plan, Stage::Interpreter]);
        assert_eq!(clock.timings().total(), clock.since - begun);
    }

    #[test]
    fn as_json_each_stage_is_in_milliseconds() {
        let timings = Timings {
            stages: vec![
                (Stage::Read, Duration::from_micros(1500)),
                (Stage::Run, Duration::from_nanos(2_000_400)),
            ],
        };
        let json = serde_json::to_string(&timings).unwrap();
        assert_eq!(json, r#"{"read_ms":1.5,"run_ms":2.0,"total_ms":3.5}"#);
    }
}
