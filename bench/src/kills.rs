//! Thousands of runs that are ended in the middle: every shape of a tree of processes, in every way in which a run comes
//! to an end. Whoever was started is known by number and start time, and whatever nobody knows of comes to the bench:
//! none may be left, and it is told how long after the end of its grace a tree was empty.

mod place;
mod shapes;
mod ways;

use std::time::Duration;

use serde_json::{Value, json};

use crate::Failure;
use crate::processes::adopt;
use crate::product::Product;
use crate::section::Section;
use crate::soak::aligned;
use place::Place;
use shapes::SHAPES;
use ways::WAYS;

/// How one run ended.
struct Killed {
    shape: &'static str,
    way: &'static str,
    /// From the end of the grace until nobody was there.
    taken: Duration,
    /// How many were there when the end was told, or some seconds later.
    left: usize,
}

/// So many, by turns of all shapes and all ways.
pub(crate) fn kills(product: &Product, runs: usize) -> Result<Section, Failure> {
    adopt()?;
    let mut place = Place::new(product)?;
    let turns = runs.div_ceil(SHAPES.len() * WAYS.len());
    let mut killed = Vec::new();
    for _ in 0..turns {
        for shape in SHAPES {
            for way in WAYS {
                let one = way.kill(&mut place, &shape);
                let (taken, left) =
                    one.map_err(|failure| format!("{} of {}: {failure}", way.name, shape.name))?;
                killed.push(Killed { shape: shape.name, way: way.name, taken, left });
            }
        }
    }
    place.end()?;
    let left: usize = killed.iter().map(|one| one.left).sum();
    let mistakes = (left > 0).then(|| format!("kills: {left} processes were left"));
    let by_shape = groups(&killed, SHAPES.iter().map(|shape| shape.name), |one| one.shape);
    let by_way = groups(&killed, WAYS.iter().map(|way| way.name), |one| one.way);
    let all = [Group::of("all", killed.iter())];
    let title = format!(
        "{} kills, {left} processes left; from the end of the grace to an empty tree\n",
        killed.len()
    );
    let text = title + &table("shape", &by_shape) + "\n" + &table("way", &by_way) + "\n" + &table("", &all);
    let told = |groups: &[Group]| groups.iter().map(Group::json).collect::<Vec<_>>();
    let json = json!({
        "kills": killed.len(),
        "left": left,
        "by_shape": told(&by_shape),
        "by_way": told(&by_way),
        "all": told(&all),
    });
    Ok(Section { name: "kills", text, json, mistakes: mistakes.into_iter().collect() })
}

/// Kills that have something in common.
struct Group {
    name: &'static str,
    kills: usize,
    left: usize,
    median: f64,
    most: f64,
}

impl Group {
    fn of<'k>(name: &'static str, killed: impl Iterator<Item = &'k Killed>) -> Self {
        let (mut taken, mut left) = (Vec::new(), 0);
        for one in killed {
            taken.push(one.taken.as_secs_f64() * 1000.0);
            left += one.left;
        }
        taken.sort_by(f64::total_cmp);
        let median = taken.get(taken.len() / 2).copied().unwrap_or_default();
        Self { name, kills: taken.len(), left, median, most: taken.last().copied().unwrap_or_default() }
    }

    fn json(&self) -> Value {
        let Self { name, kills, left, median, most } = self;
        json!({ "name": name, "kills": kills, "left": left, "median_ms": median, "max_ms": most })
    }
}

fn groups(
    killed: &[Killed],
    names: impl Iterator<Item = &'static str>,
    of: fn(&Killed) -> &'static str,
) -> Vec<Group> {
    names.map(|name| Group::of(name, killed.iter().filter(|one| of(one) == name))).collect()
}

fn table(head: &str, groups: &[Group]) -> String {
    let mut lines = vec![[head, "kills", "left", "median ms", "max ms"].map(str::to_owned).to_vec()];
    for Group { name, kills, left, median, most } in groups {
        let figures = [kills.to_string(), left.to_string(), format!("{median:.1}"), format!("{most:.1}")];
        lines.push(std::iter::once((*name).to_owned()).chain(figures).collect());
    }
    aligned(&lines)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Group, Killed, table};

    #[test]
    fn a_group_tells_its_middle_its_most_and_all_that_is_left() {
        let one = |taken, left| Killed { shape: "s", way: "w", taken: Duration::from_millis(taken), left };
        let killed = [one(3, 0), one(1, 2), one(50, 0)];
        let group = Group::of("some", killed.iter());
        assert_eq!((group.kills, group.left, group.median, group.most), (3, 2, 3.0, 50.0));
        assert!(table("shape", &[group]).ends_with("some      3     2        3.0    50.0\n"));
    }
}
