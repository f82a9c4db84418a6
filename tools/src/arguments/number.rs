//! Comparing numbers of three kinds (`i64`, `u64`, `f64`) as the numbers that they are: nothing is rounded to
//! be compared.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// The 64-bit whole number that this is, if it is one: `2.0` is 2 and `-0.0` is 0.
pub(super) fn whole(number: &Number) -> Option<Number> {
    match as_whole(number)? {
        negative if negative < 0 => i64::try_from(negative).ok().map(Number::from),
        other => u64::try_from(other).ok().map(Number::from),
    }
}

/// How two numbers lie to each other.
pub(super) fn compare(left: &Number, right: &Number) -> Ordering {
    match (as_whole(left), as_whole(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(left), None) => compare_to_fraction(left, double(right)),
        (None, Some(right)) => compare_to_fraction(right, double(left)).reverse(),
        (None, None) => double(left).total_cmp(&double(right)),
    }
}

/// Whether a number is a multiple of another, both taken as the decimals that they are written as: 0.3 is a
/// multiple of 0.1, though their doubles are not.
pub(super) fn is_multiple(number: &Number, of: &Number) -> bool {
    let (Some((value, value_exponent)), Some((step, step_exponent))) = (decimal(number), decimal(of)) else {
        return double(number) % double(of) == 0.0;
    };
    let scale = |digits: i128, by: i32| {
        u32::try_from(by)
            .ok()
            .and_then(|by| 10_i128.checked_pow(by))
            .and_then(|power| digits.checked_mul(power))
    };
    let common = value_exponent.min(step_exponent);
    match (scale(value, value_exponent - common), scale(step, step_exponent - common)) {
        (Some(value), Some(step)) if step != 0 => value % step == 0,
        _ => double(number) % double(of) == 0.0,
    }
}

/// Whether two values are one to JSON Schema: numbers by their value, objects whatever the order of keys.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare(left, right).is_eq(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

fn double(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// Whole numbers up to 2^100 either way, so that no 64-bit number is ever beyond them.
#[expect(clippy::cast_possible_truncation, reason = "only whole doubles that i128 holds exactly are cast")]
fn as_whole(number: &Number) -> Option<i128> {
    if let Some(whole) = number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from)) {
        return Some(whole);
    }
    let value = number.as_f64()?;
    (value.fract() == 0.0 && value.abs() < 2_f64.powi(100)).then_some(value as i128)
}

/// `fraction` is not whole, or is beyond every 64-bit number.
#[expect(clippy::cast_possible_truncation, reason = "the floor of a double that small is held exactly")]
fn compare_to_fraction(whole: i128, fraction: f64) -> Ordering {
    if fraction.abs() >= 2_f64.powi(100) {
        return if fraction > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    if whole <= fraction.floor() as i128 { Ordering::Less } else { Ordering::Greater }
}

/// `digits * 10^exponent`, from the shortest text that stands for the number.
fn decimal(number: &Number) -> Option<(i128, i32)> {
    if !number.is_f64() {
        return as_whole(number).map(|whole| (whole, 0));
    }
    let text = format!("{:e}", double(number));
    let (mantissa, exponent) = text.split_once('e')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}").parse::<i128>().ok()?;
    let exponent = exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
    Some((digits, exponent))
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use serde_json::{Number, Value, json};

    use super::{compare, is_multiple, same, whole};

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_compare_as_numbers() {
        for (left, order, right) in [
            ("1", Ordering::Equal, "1.0"),
            ("-0.0", Ordering::Equal, "0"),
            ("9007199254740993", Ordering::Greater, "9007199254740992.0"),
            ("18446744073709551615", Ordering::Less, "18446744073709551616.0"),
            ("-1", Ordering::Less, "18446744073709551615"),
            ("2", Ordering::Less, "2.5"),
            ("-2", Ordering::Greater, "-2.5"),
            ("3", Ordering::Greater, "2.5"),
            ("1", Ordering::Less, "1e300"),
            ("1", Ordering::Greater, "-1e300"),
            ("0.1", Ordering::Less, "0.2"),
        ] {
            assert_eq!(compare(&number(left), &number(right)), order, "{left} {right}");
            assert_eq!(compare(&number(right), &number(left)), order.reverse(), "{right} {left}");
        }
    }

    #[test]
    fn whole_numbers_are_never_rounded() {
        for (text, wanted) in [
            ("2.0", Some("2")),
            ("-0.0", Some("0")),
            ("2.5", None),
            ("1e19", Some("10000000000000000000")),
            ("1e20", None),
            ("-9223372036854775808.0", Some("-9223372036854775808")),
            ("-1e19", None),
        ] {
            assert_eq!(whole(&number(text)), wanted.map(number), "{text}");
        }
    }

    #[test]
    fn multiples_are_those_of_the_decimals() {
        for (value, step, multiple) in [
            ("0.3", "0.1", true),
            ("4.35", "0.01", true),
            ("4.355", "0.01", false),
            ("10", "2.5", true),
            ("18446744073709551615", "5", true),
            ("-9", "3", true),
            ("7", "2", false),
            ("1e300", "10", true),
            ("0", "0.7", true),
        ] {
            assert_eq!(is_multiple(&number(value), &number(step)), multiple, "{value} {step}");
        }
    }

    #[test]
    fn equality_is_that_of_json_schema() {
        assert!(same(&json!({"a": [1], "b": 2}), &json!({"b": 2.0, "a": [1.0]})));
        assert!(!same(&json!(1), &json!(true)));
        assert!(!same(&json!("1"), &json!(1)));
        assert!(same(&Value::Null, &Value::Null));
    }
}
