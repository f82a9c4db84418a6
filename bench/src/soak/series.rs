//! A series of readings, and whether it is flat: the slope by least squares over its second half, when everything has
//! been there once, and how far the fitted line rises in that time, beyond what the noise of the readings explains.
//! Nothing here knows what is read.

use std::fmt::Write;

use serde_json::{Value, json};

/// Something that is read again and again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gauge {
    pub(crate) name: &'static str,
    /// By so much the fitted line may rise in the second half, beyond three standard errors; `None`: it is only shown.
    pub(crate) most: Option<f64>,
}

/// What was read of every gauge after so many runs.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) runs: usize,
    pub(crate) values: Vec<u64>,
}

/// All readings, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) gauges: Vec<Gauge>,
    pub(crate) readings: Vec<Reading>,
}

/// What a gauge did in the second half.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trend {
    /// By a thousand runs.
    pub(crate) slope: f64,
    /// From the first to the last reading of the half, by the fitted line.
    pub(crate) rise: f64,
    /// The standard error of the rise: readings that lie on a line have none.
    pub(crate) error: f64,
}

/// A rise is one when it is so many of its standard errors.
const SURE: f64 = 3.0;

impl Series {
    /// `None`: fewer than two readings say nothing.
    fn trend(&self, gauge: usize) -> Option<Trend> {
        let half = self.readings.get(self.readings.len() / 2..).unwrap_or_default();
        let points: Vec<(f64, f64)> = half
            .iter()
            .filter_map(|reading| Some((number(reading.runs as u64), number(*reading.values.get(gauge)?))))
            .collect();
        let ((first, _), (last, _)) = (points.first()?, points.last()?);
        let (slope, error) = slope(&points)?;
        Some(Trend { slope: slope * 1000.0, rise: slope * (last - first), error: error * (last - first) })
    }

    fn verdict(&self, at: usize, gauge: &Gauge) -> Option<bool> {
        let trend = self.trend(at)?;
        Some(trend.rise - SURE * trend.error <= gauge.most?)
    }

    /// Whether no gauge rises further than it may.
    pub(crate) fn is_flat(&self) -> bool {
        self.gauges.iter().enumerate().all(|(at, gauge)| self.verdict(at, gauge) != Some(false))
    }

    pub(crate) fn text(&self) -> String {
        let mut lines = vec![heads(&self.gauges)];
        for reading in &self.readings {
            lines.push(cells(reading.runs.to_string(), reading.values.iter().map(u64::to_string)));
        }
        let trends: Vec<_> = (0..self.gauges.len()).map(|at| self.trend(at)).collect();
        let shown = |of: fn(&Trend) -> f64| {
            trends.iter().map(move |trend| trend.as_ref().map_or("-".to_owned(), |t| format!("{:.2}", of(t))))
        };
        lines.push(cells("slope/1000".to_owned(), shown(|trend| trend.slope)));
        lines.push(cells("rise".to_owned(), shown(|trend| trend.rise)));
        lines.push(cells("error of it".to_owned(), shown(|trend| trend.error)));
        let most = |gauge: &Gauge| gauge.most.map_or("-".to_owned(), |most| format!("<= {most}"));
        lines.push(cells("may rise".to_owned(), self.gauges.iter().map(most)));
        let word = |(at, gauge)| match self.verdict(at, gauge) {
            Some(true) => "flat",
            Some(false) => "NOT FLAT",
            None => "-",
        };
        lines.push(cells(String::new(), self.gauges.iter().enumerate().map(word).map(str::to_owned)));
        aligned(&lines)
    }

    pub(crate) fn json(&self) -> Value {
        let readings = self.readings.iter().map(|reading| {
            let values = self.gauges.iter().zip(&reading.values);
            let values = values.map(|(gauge, value)| (gauge.name.to_owned(), json!(value)));
            json!({ "runs": reading.runs, "values": values.collect::<serde_json::Map<_, _>>() })
        });
        let trends = self.gauges.iter().enumerate().map(|(at, gauge)| {
            let trend = self.trend(at);
            json!({
                "gauge": gauge.name,
                "slope_per_1000_runs": trend.map(|trend| trend.slope),
                "rise_in_second_half": trend.map(|trend| trend.rise),
                "standard_error_of_rise": trend.map(|trend| trend.error),
                "most": gauge.most,
                "flat": self.verdict(at, gauge),
            })
        });
        json!({ "readings": readings.collect::<Vec<_>>(), "trends": trends.collect::<Vec<_>>() })
    }
}

fn heads(gauges: &[Gauge]) -> Vec<String> {
    cells("runs".to_owned(), gauges.iter().map(|gauge| gauge.name.to_owned()))
}

fn cells(first: String, rest: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(first).chain(rest).collect()
}

/// Lines of cells, each column as wide as its widest, numbers under their heads.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for line in lines {
        widths.resize(widths.len().max(line.len()), 0);
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in lines {
        let padded: Vec<_> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        let _ = writeln!(text, "{}", padded.join("  ").trim_end());
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "for a slope")]
fn number(count: u64) -> f64 {
    count as f64
}

/// The slope of the line that fits best, and its standard error; `None` for fewer than two places.
fn slope(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let count = number(points.len() as u64);
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    if spread <= 0.0 {
        return None;
    }
    let slope = together / spread;
    let off: f64 = points.iter().map(|point| (point.1 - y - slope * (point.0 - x)).powi(2)).sum();
    Some((slope, (off / (count - 2.0).max(1.0) / spread).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::{Gauge, Reading, Series, aligned, slope};

    fn series(of: fn(usize) -> u64, most: f64) -> Series {
        let readings = (0..20).map(|at| Reading { runs: at * 1000, values: vec![of(at)] }).collect();
        Series { gauges: vec![Gauge { name: "things", most: Some(most) }], readings }
    }

    #[test]
    fn a_line_has_its_slope_and_noise_has_none() {
        assert_eq!(slope(&[(0.0, 1.0), (2.0, 5.0)]), Some((2.0, 0.0)));
        assert_eq!(slope(&[(1.0, 1.0), (1.0, 5.0)]), None);
        assert_eq!(slope(&[]), None);
        let (noise, error) = slope(&[(0.0, 3.0), (1.0, 5.0), (2.0, 5.0), (3.0, 3.0)]).unwrap();
        assert!(noise.abs() < 1e-9 && error > 0.1, "{noise} {error}");
    }

    #[test]
    fn what_settles_is_flat_and_what_goes_on_is_not() {
        assert!(series(|at| if at < 8 { at as u64 } else { 8 }, 0.5).is_flat());
        assert!(series(|at| 20 - at as u64, 0.5).is_flat());
        // Up and down, and a little higher at the end: noise. With less of it, or more of a rise, it is none.
        assert!(series(|at| 100 + (at as u64 % 2) * 40 + at as u64, 0.5).is_flat());
        assert!(!series(|at| 100 + (at as u64 % 2) * 4 + at as u64, 0.5).is_flat());
        assert!(!series(|at| 100 + (at as u64 % 2) * 40 + at as u64 * 20, 0.5).is_flat());
        let rising = series(|at| at as u64, 8.5);
        assert!(!rising.is_flat());
        assert_eq!(rising.trend(0).unwrap().rise, 9.0);
        assert_eq!(rising.trend(0).unwrap().slope, 1.0);
        assert!(rising.text().ends_with("NOT FLAT\n"), "{}", rising.text());
        assert_eq!(rising.json()["trends"][0]["flat"], false);
        let short = Series { readings: Vec::new(), ..rising };
        assert!(short.is_flat() && short.text().ends_with("-\n"));
    }

    #[test]
    fn columns_stand_under_one_another() {
        let lines = [vec!["a".to_owned(), "12".to_owned()], vec!["bcd".to_owned(), "3".to_owned()]];
        assert_eq!(aligned(&lines), "  a  12\nbcd   3\n");
    }
}
