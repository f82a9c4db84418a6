//! Number literals, exact or refused. The decimal that was written and the decimal that the nearest double
//! stands for, with as many digits, are the same.

use serde_json::Number;

use super::InvalidJsonReason;

/// The number that a literal of JSON's number grammar stands for.
pub(super) fn read(literal: &str) -> Result<Number, InvalidJsonReason> {
    if !literal.contains(['.', 'e', 'E']) {
        if literal == "-0" {
            return Number::from_f64(-0.0).ok_or_else(|| InvalidJsonReason::InexactNumber(literal.into()));
        }
        let whole = literal.parse::<u64>().map(Number::from);
        return whole
            .or_else(|_| literal.parse::<i64>().map(Number::from))
            .map_err(|_| InvalidJsonReason::IntegerOutOfRange(literal.to_owned()));
    }
    literal
        .parse::<f64>()
        .ok()
        .filter(|double| double.is_finite() && stands_for(*double, literal))
        .and_then(Number::from_f64)
        .ok_or_else(|| InvalidJsonReason::InexactNumber(literal.to_owned()))
}

/// Whether a double is what a literal says. Two doubles may print alike with few digits; the nearest one is
/// meant then, and that is the one the literal was parsed into.
fn stands_for(double: f64, literal: &str) -> bool {
    let written = Decimal::of(literal);
    let Some(precision) = written.digits.len().checked_sub(1) else { return double == 0.0 };
    // The longest exact double has 767 digits; a longer literal is never one.
    precision < 800
        && (Decimal::of(&format!("{double:e}")) == written
            || Decimal::of(&format!("{double:.precision$e}")) == written)
}

/// `0.digits * 10^exponent` without its sign; no zeros at either end, and no digits for zero.
#[derive(PartialEq, Eq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(literal: &str) -> Self {
        let literal = literal.strip_prefix('-').unwrap_or(literal);
        let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let leading = all.len() - significant.len();
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Self { digits, exponent: 0 };
        }
        // An exponent beyond 64 bits belongs to no double; any absurd value keeps the two apart.
        let exponent = exponent.parse::<i64>().unwrap_or(i64::MAX);
        let point =
            i64::try_from(whole.len()).unwrap_or(i64::MAX) - i64::try_from(leading).unwrap_or(i64::MAX);
        Self { digits, exponent: exponent.saturating_add(point) }
    }
}
