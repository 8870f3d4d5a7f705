//! Times as a form's field has them, `2025-11-24T09:41`: the reader's own once the page is alive, UTC
//! before.

/// The field's value for a time in RFC 3339, in the reader's zone.
#[cfg(feature = "hydrate")]
pub fn of(time: &str) -> String {
    let date = js_sys::Date::new(&time.into());
    if date.get_time().is_nan() {
        return String::new();
    }
    let (year, month, day) = (date.get_full_year(), date.get_month() + 1, date.get_date());
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}", date.get_hours(), date.get_minutes())
}

#[cfg(not(feature = "hydrate"))]
pub fn of(time: &str) -> String {
    minute(time)
}

/// The field's value as it is in UTC.
pub fn minute(time: &str) -> String {
    time.get(..16).unwrap_or_default().to_owned()
}

/// What the field says, in RFC 3339; `None` while it says nothing.
#[cfg(feature = "hydrate")]
pub fn to_utc(field: &str) -> Option<String> {
    let date = js_sys::Date::new(&field.into());
    (!field.is_empty() && !date.get_time().is_nan()).then(|| String::from(date.to_iso_string()))
}
