//! A moment: date, clock and zone as the server knows them, the reader's own time once the page is alive.

use leptos::{either::Either, prelude::*};

use crate::model::Timestamp;

/// Turns true when the first render has been taken over by the browser.
#[derive(Clone, Copy)]
pub struct Hydrated(pub RwSignal<bool>);

impl Hydrated {
    pub fn provide() {
        let hydrated = RwSignal::new(false);
        provide_context(Self(hydrated));
        Effect::new(move |_| {
            hydrated.set(true);
            if let Some(root) = document().document_element() {
                // Style sheets and tests wait for this. It fails only for malformed names.
                let _ = root.set_attribute("data-hydrated", "");
            }
        });
    }
}

/// `brief` to the minute.
#[component]
pub fn Moment(#[prop(into)] at: Timestamp, #[prop(optional)] brief: bool) -> impl IntoView {
    let hydrated = expect_context::<Hydrated>().0;
    let text = at.clone();
    // A page that is alive has nothing to wait for.
    let now = match hydrated.get_untracked() {
        true => Either::Left(local(&text, brief)),
        false => Either::Right(move || match hydrated.get() {
            true => local(&text, brief),
            false => utc(&text, brief),
        }),
    };
    view! {
        <time datetime=at.0.clone() title=at.0.clone()>
            {now}
        </time>
    }
}

/// A day, as `2025-11-24`: for what happens in weeks, not in seconds.
#[component]
pub fn Day(#[prop(into)] at: Timestamp) -> impl IntoView {
    view! {
        <time datetime=at.0.clone() title=at.0.clone()>
            {at.date().to_owned()}
        </time>
    }
}

/// `2025-11-24 09:41:07 UTC`, or `2025-11-24 09:41 UTC`.
fn utc(at: &Timestamp, brief: bool) -> String {
    let clock = at.as_str().get(11..if brief { 16 } else { 19 });
    clock.map_or_else(|| at.as_str().to_owned(), |clock| format!("{} {clock} UTC", at.date()))
}

/// `09:41:07.088` today, `24 Nov 09:41` before.
#[cfg(feature = "hydrate")]
fn local(at: &Timestamp, brief: bool) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let then = js_sys::Date::new(&at.as_str().into());
    if then.get_time().is_nan() {
        return at.as_str().to_owned();
    }
    let now = js_sys::Date::new_0();
    let day = |date: &js_sys::Date| (date.get_full_year(), date.get_month(), date.get_date());
    let (hours, minutes) = (then.get_hours(), then.get_minutes());
    let month = MONTHS.get(then.get_month() as usize).copied().unwrap_or_default();
    let (seconds, millis) = (then.get_seconds(), then.get_milliseconds());
    if brief && day(&then) == day(&now) {
        format!("{hours:02}:{minutes:02}")
    } else if day(&then) == day(&now) {
        format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
    } else if then.get_full_year() == now.get_full_year() {
        format!("{} {month} {hours:02}:{minutes:02}", then.get_date())
    } else {
        format!("{} {month} {}", then.get_date(), then.get_full_year())
    }
}

#[cfg(not(feature = "hydrate"))]
fn local(at: &Timestamp, brief: bool) -> String {
    utc(at, brief)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_date_and_zone_before_the_page_is_alive() {
        let at = Timestamp("2025-11-24T09:41:07.088Z".to_owned());
        assert_eq!(utc(&at, false), "2025-11-24 09:41:07 UTC");
        assert_eq!(utc(&at, true), "2025-11-24 09:41 UTC");
        assert_eq!(utc(&Timestamp("odd".to_owned()), false), "odd");
    }
}
