//! The shapes of trees: how many processes there are, how they hide, and what they do about being asked to end.

/// What the processes of a tree do when they are asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    /// They end.
    Obedient,
    /// Nothing.
    Deaf,
    /// They end, and others have come meanwhile.
    Growing,
}

/// One shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// What its tools are called.
    pub(crate) id: &'static str,
    /// What `misbehave` is told, before and after its roster.
    pub(crate) habit: &'static str,
    pub(crate) words: &'static [&'static str],
    pub(crate) manners: Manners,
    /// How many are in the roster when it is whole.
    pub(crate) size: usize,
}

/// In the order of the table.
pub(crate) const SHAPES: [Shape; 8] = [
    shape("one process", "one", "stay", &[], Manners::Obedient, 1),
    shape("one that ignores TERM", "deaf", "stay", &["deaf"], Manners::Deaf, 1),
    // A leader, a child, one with a group and one with a session of its own, a daemon by double fork.
    shape("a family", "family", "family", &[], Manners::Obedient, 5),
    shape("a family that ignores TERM", "deaf_family", "family", &["deaf"], Manners::Deaf, 5),
    // They hold its standard output too.
    shape("the same, holding output", "holding", "family", &["deaf", "holding"], Manners::Deaf, 5),
    // A daemon without environment and one that has stopped itself besides.
    shape("every kind", "every", "family", &["every"], Manners::Obedient, 7),
    shape("every kind, ignoring TERM", "deaf_every", "family", &["every", "deaf"], Manners::Deaf, 7),
    // Eight lines of daemons, each of which starts the next and ends.
    shape("a storm of daemons", "storm", "storm", &[], Manners::Growing, 9),
];

const fn shape(
    name: &'static str,
    id: &'static str,
    habit: &'static str,
    words: &'static [&'static str],
    manners: Manners,
    size: usize,
) -> Shape {
    Shape { name, id, habit, words, manners, size }
}

impl Shape {
    /// What `misbehave` is told. `leaves`: its leader ends once the others are there.
    pub(crate) fn words<'w>(&'w self, roster: &'w str, leaves: bool) -> Vec<&'w str> {
        let habit = match (self.habit, leaves) {
            // One alone leaves nobody: it is a daemon whose parent has ended.
            ("stay", true) => "daemon",
            (habit, _) => habit,
        };
        let leave = leaves.then_some("leave");
        [habit, roster].into_iter().chain(self.words.iter().copied()).chain(leave).collect()
    }
}
