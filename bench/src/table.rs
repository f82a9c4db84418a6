//! What was measured, beside what it is measured against: a row tells both, their ratio, the target, and whether it
//! is met.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::sample::Sample;

/// A figure in seconds or bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Figure {
    Time {
        median: f64,
        tenth: f64,
    },
    Bytes(u64),
    /// Bytes a second.
    Rate(f64),
    Count(u64),
}

impl From<&Sample> for Figure {
    fn from(sample: &Sample) -> Self {
        Self::Time { median: sample.median().as_secs_f64(), tenth: sample.tenth().as_secs_f64() }
    }
}

impl Figure {
    /// A duration in seconds that was taken once.
    pub(crate) fn once(seconds: f64) -> Self {
        Self::Time { median: seconds, tenth: seconds }
    }

    fn shown(self) -> String {
        match self {
            Self::Time { median, tenth } => format!("{} ({})", duration(median), duration(tenth)),
            Self::Bytes(bytes) => format!("{:.2} MiB", mebibytes(bytes)),
            Self::Rate(rate) => format!("{:.2} GB/s", rate / 1e9),
            Self::Count(count) => count.to_string(),
        }
    }

    fn json(self) -> Value {
        match self {
            Self::Time { median, tenth } => json!({ "median_s": median, "p10_s": tenth }),
            Self::Bytes(bytes) => json!({ "bytes": bytes }),
            Self::Rate(rate) => json!({ "bytes_per_s": rate }),
            Self::Count(count) => json!({ "count": count }),
        }
    }

    /// The ratio of the medians and of the tenths; bytes are only compared with a limit.
    fn ratios(self, other: Self) -> Option<(f64, f64)> {
        match (self, other) {
            (Self::Time { median, tenth }, Self::Time { median: others, tenth: others_tenth }) => {
                Some((median / others, tenth / others_tenth))
            }
            // In times as long, like the others.
            (Self::Rate(rate), Self::Rate(others)) => Some((others / rate, others / rate)),
            _ => None,
        }
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        ..0.001 => format!("{:.0} us", seconds * 1e6),
        ..1.0 => format!("{:.2} ms", seconds * 1e3),
        _ => format!("{seconds:.2} s"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// What a figure has to keep to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// This ratio of the medians at most.
    Ratio(f64),
    /// This median at most.
    Seconds(f64),
    /// So many seconds at most over the median of the other.
    Over(f64),
    /// So many bytes at most.
    Bytes(u64),
    /// So many at most.
    Count(u64),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) measure: String,
    pub(crate) figure: Figure,
    pub(crate) beside: Option<(String, Figure)>,
    pub(crate) target: Option<Target>,
}

impl Row {
    /// One sample beside another.
    pub(crate) fn beside(measure: &str, sample: &Sample, other: &Sample, target: Option<Target>) -> Self {
        let beside = Some((other.name.to_owned(), other.into()));
        Self { measure: measure.to_owned(), figure: sample.into(), beside, target }
    }

    /// A size and its limit.
    pub(crate) fn size(measure: &str, bytes: u64, limit: u64) -> Self {
        let (figure, target) = (Figure::Bytes(bytes), Some(Target::Bytes(limit)));
        Self { measure: measure.to_owned(), figure, beside: None, target }
    }

    /// A duration and its limit, beside nothing.
    pub(crate) fn alone(measure: &str, sample: &Sample, limit: f64) -> Self {
        let target = Some(Target::Seconds(limit));
        Self { measure: measure.to_owned(), figure: sample.into(), beside: None, target }
    }

    fn ratios(&self) -> Option<(f64, f64)> {
        self.beside.as_ref().and_then(|(_, other)| self.figure.ratios(*other))
    }

    /// What the median is over that of the other, in seconds.
    fn over(&self) -> Option<f64> {
        match (self.figure, self.beside.as_ref()?.1) {
            (Figure::Time { median, .. }, Figure::Time { median: other, .. }) => Some(median - other),
            _ => None,
        }
    }

    /// `None` where nothing is asked, or nothing was there to compare with.
    fn met(&self) -> Option<bool> {
        match (self.target?, self.figure) {
            (Target::Ratio(most), _) => self.ratios().map(|(ratio, _)| ratio <= most),
            (Target::Seconds(most), Figure::Time { median, .. }) => Some(median <= most),
            (Target::Over(most), _) => self.over().map(|over| over <= most),
            (Target::Bytes(most), Figure::Bytes(bytes)) => Some(bytes <= most),
            (Target::Count(most), Figure::Count(count)) => Some(count <= most),
            (Target::Seconds(_) | Target::Bytes(_) | Target::Count(_), _) => None,
        }
    }

    fn cells(&self) -> [String; 6] {
        let (name, other) = match &self.beside {
            Some((name, other)) => (name.clone(), other.shown()),
            None => Default::default(),
        };
        let ratio = self.ratios().map(|(ratio, tenth)| format!("{ratio:.2} ({tenth:.2})"));
        let target = self.target.map(|target| match target {
            Target::Ratio(most) => format!("<= {most:.2}x"),
            Target::Seconds(most) => format!("<= {}", duration(most)),
            Target::Over(most) => format!("<= +{}", duration(most)),
            Target::Bytes(most) => format!("<= {:.2} MiB", mebibytes(most)),
            Target::Count(most) => format!("<= {most}"),
        });
        let met = self.met().map(|met| if met { "met" } else { "MISSED" });
        [
            self.measure.clone(),
            self.figure.shown(),
            if name.is_empty() { name } else { format!("{other} {name}") },
            ratio.unwrap_or_default(),
            target.unwrap_or_default(),
            met.unwrap_or_default().to_owned(),
        ]
    }

    fn json(&self) -> Value {
        let ratios = self.ratios();
        json!({
            "measure": self.measure,
            "figure": self.figure.json(),
            "beside": self.beside.as_ref().map(|(name, other)| json!({ "name": name, "figure": other.json() })),
            "ratio": ratios.map(|(ratio, _)| ratio),
            "ratio_p10": ratios.map(|(_, tenth)| tenth),
            "target": self.target.map(|target| match target {
                Target::Ratio(most) => json!({ "ratio": most }),
                Target::Seconds(most) => json!({ "seconds": most }),
                Target::Over(most) => json!({ "seconds_over": most }),
                Target::Bytes(most) => json!({ "bytes": most }),
                Target::Count(most) => json!({ "count": most }),
            }),
            "met": self.met(),
        })
    }
}

/// The table for a person: medians, and in brackets the tenths.
pub(crate) fn text(rows: &[Row], not_found: &[&str]) -> String {
    let heads = ["measure", "median (p10)", "beside", "ratio (of p10)", "target", ""];
    let mut lines = vec![heads.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let mut widths = [0; 6];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in &lines {
        let padded: Vec<_> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    for name in not_found {
        let _ = writeln!(text, "{name}: not found");
    }
    text
}

/// The table as one JSON value.
pub(crate) fn json(rows: &[Row], not_found: &[&str]) -> Value {
    json!({ "rows": rows.iter().map(Row::json).collect::<Vec<_>>(), "not_found": not_found })
}

#[cfg(test)]
mod tests {
    use super::{Figure, Row, Target, json, text};

    fn row(median: f64, target: Target) -> Row {
        let time = |median| Figure::Time { median, tenth: median };
        let beside = Some(("floor".to_owned(), time(0.002)));
        Row { measure: "a run".to_owned(), figure: time(median), beside, target: Some(target) }
    }

    #[test]
    fn a_target_is_met_up_to_its_figure() {
        assert_eq!(row(0.0026, Target::Ratio(1.31)).met(), Some(true));
        assert_eq!(row(0.0027, Target::Ratio(1.31)).met(), Some(false));
        assert_eq!(row(0.9, Target::Seconds(0.9)).met(), Some(true));
        assert_eq!(row(0.9, Target::Seconds(0.8)).met(), Some(false));
        assert_eq!(row(0.0024, Target::Over(0.0005)).met(), Some(true));
        assert_eq!(row(0.0026, Target::Over(0.0005)).met(), Some(false));
        let count = Row { figure: Figure::Count(9), beside: None, ..row(0.0, Target::Count(8)) };
        assert_eq!((count.met(), row(0.0, Target::Count(8)).met()), (Some(false), None));
        assert_eq!(Row::size("size", 9, 8).met(), Some(false));
        assert_eq!(Row::size("size", 8, 8).met(), Some(true));
    }

    #[test]
    fn both_forms_say_the_same() {
        let rows = [row(0.003, Target::Ratio(1.3))];
        let text = text(&rows, &["just"]);
        assert!(text.contains("3.00 ms (3.00 ms)  2.00 ms (2.00 ms) floor  1.50 (1.50)"), "{text}");
        assert!(text.contains("<= 1.30x  MISSED\njust: not found\n"), "{text}");
        let json = json(&rows, &["just"]);
        assert_eq!(json["rows"][0]["met"], false);
        assert_eq!(json["not_found"][0], "just");
    }
}
