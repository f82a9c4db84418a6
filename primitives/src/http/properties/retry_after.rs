//! `Retry-After`: seconds, or one of the three dates of RFC 9110, beside a second reading of both.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

use crate::http::retry;

/// A value as a server may send it, and its first bytes as a moment that is written as a date and read back.
pub fn retry_after(bytes: &[u8]) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let asked = asked(value.clone(), now);
        match value.to_str().map(str::trim) {
            Err(_) => assert_eq!(asked, None),
            Ok(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                let digits = text.trim_start_matches('0');
                let seconds = digits
                    .bytes()
                    .try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
                assert_eq!(asked, Some(seconds.map_or(Duration::MAX, Duration::from_secs)), "{text}");
            }
            Ok(text) => {
                if let Some(moment) = fixed_date(text) {
                    assert_eq!(
                        asked,
                        Some(Duration::from_secs(moment.saturating_sub(1_700_000_000))),
                        "{text}"
                    );
                }
                // Whatever is a date has its time of day in the middle, to the second.
                assert!(asked.is_none() || (text.matches(':').count() == 2 && text.len() >= 24), "{text}");
            }
        }
    }
    let Some((moment, _)) = bytes.split_first_chunk::<8>() else { return };
    // Until the year 9999.
    let moment = u64::from_le_bytes(*moment) % 253_402_300_800;
    let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(moment));
    assert_eq!(fixed_date(&date), Some(moment), "{date}");
    let wanted = Duration::from_secs(moment.saturating_sub(1_700_000_000));
    assert_eq!(asked(HeaderValue::from_str(&date).unwrap(), now), Some(wanted), "{date}");
}

fn asked(value: HeaderValue, now: SystemTime) -> Option<Duration> {
    retry::retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]), now)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as seconds since 1970, by counting days.
fn fixed_date(text: &str) -> Option<u64> {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [(&str, u64); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let number =
        |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?;
    let words: Vec<&str> = text.split(' ').collect();
    let [weekday, day, month, year, time, "GMT"] = words[..] else { return None };
    let is_leap =
        |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let length = |year: u64, month: usize| MONTHS[month].1 + u64::from(month == 1 && is_leap(year));
    let month = MONTHS.iter().position(|(name, _)| *name == month)?;
    let (day, year): (u64, u64) = (number(day)?, number(year).filter(|year| *year >= 1970)?);
    let clock: Vec<&str> = time.split(':').collect();
    let [hour, minute, second] = clock[..] else { return None };
    let widths = [(day.to_string().len() <= 2, hour.len()), (true, minute.len()), (true, second.len())];
    let (hour, minute, second): (u64, u64, u64) = (number(hour)?, number(minute)?, number(second)?);
    if widths.iter().any(|(fits, width)| !fits || *width != 2) || words[1].len() != 2 || words[3].len() != 4 {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 || day == 0 || day > length(year, month) {
        return None;
    }
    let years: u64 = (1970..year).map(|year| 365 + u64::from(is_leap(year))).sum();
    let months: u64 = (0..month).map(|month| length(year, month)).sum();
    let days = years + months + day - 1;
    let named = DAYS[usize::try_from(days % 7).ok()?];
    (weekday == format!("{named},")).then_some(((days * 24 + hour) * 60 + minute) * 60 + second)
}
