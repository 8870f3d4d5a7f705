//! How long the other side asks to be left alone: `Retry-After`, in seconds or as a date (RFC 9110,
//! section 10.2.3). Pure.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::time::Timestamp;

/// Nobody is waited for longer than this because they ask for it.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// The wait that is asked for from `now` on, when the answer came. A date is measured from the answer's
/// own `Date` where there is one: both are read from the same clock, which need not be ours.
pub(super) fn asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER)?;
    if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        return Some(value.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let theirs = text(headers, DATE).and_then(|date| httpdate::parse_http_date(date).ok());
    // A date that has passed asks for no wait.
    Some(until.duration_since(theirs.unwrap_or_else(|| wall(now))).unwrap_or_default().min(LONGEST))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn wall(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(at.millis().max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(retry_after: &str, date: Option<&str>, seconds: Option<u64>) {
        let now = Timestamp::parse("2026-11-06T08:49:37.000Z").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        let wait = asked(&headers, now).map(|wait| wait.as_secs());
        assert_eq!(wait, seconds, "{retry_after} at {date:?}");
    }

    #[test]
    fn seconds_are_taken_as_they_are() {
        check("120", None, Some(120));
        check(" 0 ", None, Some(0));
        check("99999999999999999999999", None, Some(86_400));
        for nothing in ["", "-1", "+1", "1.5", "soon"] {
            check(nothing, None, None);
        }
    }

    #[test]
    fn a_date_has_three_forms_and_one_that_has_passed_asks_for_nothing() {
        check("Fri, 06 Nov 2026 08:51:37 GMT", None, Some(120));
        check("Friday, 06-Nov-26 08:51:37 GMT", None, Some(120));
        check("Fri Nov  6 08:51:37 2026", None, Some(120));
        check("Fri, 06 Nov 2026 08:00:00 GMT", None, Some(0));
        check("Mon, 06 Nov 2056 08:00:00 GMT", None, Some(86_400));
        check("Fri, 06 Nov 2026 08:51:37", None, None);
    }

    #[test]
    fn a_date_is_measured_on_the_clock_that_it_was_read_from() {
        let hour_ahead = "Fri, 06 Nov 2026 09:49:37 GMT";
        check("Fri, 06 Nov 2026 09:50:07 GMT", Some(hour_ahead), Some(30));
        check("Fri, 06 Nov 2026 08:50:07 GMT", Some("no date"), Some(30));
    }
}
