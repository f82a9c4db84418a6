//! `rye run --timings`: where the time of one call went, for a person. It begins with `main`: how long the system took
//! to load rye, no clock of ours can tell.

use std::fmt::Write as _;

use rye_executor::Timings;

/// A table, a line for each stage, in milliseconds.
pub(crate) fn table(timings: &Timings) -> String {
    let total = timings.total();
    let mut text = "timings: where the time went, in milliseconds, since rye was loaded\n".to_owned();
    for (stage, taken) in &timings.stages {
        let share = 100.0 * taken.as_secs_f64() / total.as_secs_f64().max(f64::MIN_POSITIVE);
        let milliseconds = taken.as_secs_f64() * 1e3;
        let _ =
            writeln!(text, "  {:<11} {milliseconds:>9.2} {share:>4.0} %  {}", stage.word(), stage.meaning());
    }
    let _ = writeln!(text, "  {:<11} {:>9.2}", "total", total.as_secs_f64() * 1e3);
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rye_executor::{Stage, Timings};

    use super::table;

    #[test]
    fn every_line_fits_the_terminal_and_the_shares_are_of_the_whole() {
        let all = [
            Stage::Read,
            Stage::Configure,
            Stage::Resolve,
            Stage::Arguments,
            Stage::Interpreter,
            Stage::Plan,
            Stage::Queue,
            Stage::Prepare,
            Stage::Start,
            Stage::Exchange,
            Stage::End,
            Stage::Report,
        ];
        let mut stages: Vec<_> = all.into_iter().map(|stage| (stage, Duration::ZERO)).collect();
        assert!(table(&Timings { stages: stages.clone() }).contains("total            0.00\n"));
        stages.push((Stage::Run, Duration::from_secs(100_000)));
        let text = table(&Timings { stages });
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert!(text.contains("  run         100000000.00  100 %  the program runs\n"), "{text}");
    }
}
