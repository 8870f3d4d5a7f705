//! Small charts: bars in two parts, lines, and a line of one row's course.
//!
//! They are drawn here and not by leptos-chartistry: it sets styles in attributes, which the pages'
//! content policy forbids, and draws nothing until a script has measured its fonts. What a chart says
//! stands in a table beside it; to those who hear the page the drawing is silent. The arithmetic is pure.

use leptos::prelude::*;

use super::time::Moment;
use crate::model::{Timestamp, time::duration};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 140.0;
/// Room above what is highest.
const HEAD: f64 = 6.0;
/// Marks of a scale that are nearer to each other cannot be read.
const APART: f64 = 22.0;

/// What a stretch of the ground says when it is pointed at, and where it leads.
pub struct Place {
    pub said: String,
    pub href: String,
}

/// Bars side by side: of each, the well part below and the failed part on top. `moments` stand below, at
/// equal distances.
#[component]
pub fn Bars(values: Vec<(u64, u64)>, places: Vec<Place>, moments: Vec<Timestamp>) -> AnyView {
    let highest = values.iter().map(|(well, failed)| well + failed).max().unwrap_or(0);
    let highest = round_above(highest);
    let marks = [highest, highest / 2].into_iter().filter(|value| *value > 0);
    let marks = marks.map(|value| (height(value, highest), value.to_string())).collect();
    let bars: Vec<_> = stack(&values, highest)
        .into_iter()
        .map(|Bar { x, width, well, failed }| {
            view! {
                <rect class="well" x=px(x) y=px(well.0) width=px(width) height=px(well.1) />
                <rect class="failed" x=px(x) y=px(failed.0) width=px(width) height=px(failed.1) />
            }
        })
        .collect();
    plot(marks, bars.into_any(), places, moments)
}

/// Lines over each other on a scale of powers, of milliseconds, each with the class that colours it. Where
/// there is no value a line has a gap.
#[component]
pub fn Lines(
    lines: Vec<(&'static str, Vec<Option<u64>>)>,
    places: Vec<Place>,
    moments: Vec<Timestamp>,
) -> AnyView {
    let highest = lines.iter().flat_map(|(_, values)| values).flatten().copied().max();
    let highest = highest.unwrap_or(0);
    let marks = powers(highest).into_iter().map(|(y, value)| (y, duration(value))).collect();
    let lines: Vec<_> = lines
        .into_iter()
        .map(|(class, values)| {
            let Path { line, points } = path(&values, highest);
            view! {
                <path class=class d=line />
                <path class=format!("{class} point") d=points />
            }
        })
        .collect();
    plot(marks, lines.into_any(), places, moments)
}

/// `drawn` over its marks, each at its height with its words; on top of it the places.
fn plot(
    marks: Vec<(f64, String)>,
    drawn: AnyView,
    places: Vec<Place>,
    moments: Vec<Timestamp>,
) -> AnyView {
    let step = WIDTH / places.len().max(1) as f64;
    let places: Vec<_> = places
        .into_iter()
        .enumerate()
        .map(|(at, Place { said, href })| {
            view! {
                <g>
                    <a href=href tabindex="-1">
                        <title>{said}</title>
                        <rect x=px(at as f64 * step) y="0" width=px(step) height="140" />
                    </a>
                </g>
            }
        })
        .collect();
    let words: Vec<_> = marks
        .iter()
        .map(|(y, words)| view! { <text x="42" y=px(y + 4.0)>{words.clone()}</text> })
        .collect();
    let lines: Vec<_> = marks
        .iter()
        .map(|(y, _)| view! { <line class="rule" x1="0" x2="640" y1=px(*y) y2=px(*y) /> })
        .collect();
    let moments: Vec<_> =
        moments.into_iter().map(|at| view! { <Moment at brief=true /> }).collect();
    view! {
        <div class="plot" aria-hidden="true">
            <svg class="scale" viewBox="0 0 46 140">
                {words}
            </svg>
            <svg class="chart" viewBox="0 0 640 140" preserveAspectRatio="none">
                {lines}
                {drawn}
                <line class="ground" x1="0" x2="640" y1="139.5" y2="139.5" />
                <g class="places">{places}</g>
            </svg>
            <div class="moments">{moments}</div>
        </div>
    }
    .into_any()
}

/// The course of one row.
#[component]
pub fn Course(values: Vec<u64>) -> impl IntoView {
    let highest = values.iter().copied().max().unwrap_or(0).max(1) as f64;
    let last = values.len().saturating_sub(1).max(1) as f64;
    let points = values.iter().enumerate().map(|(at, value)| {
        format!("{:.1},{:.1}", at as f64 * 120.0 / last, 20.0 - *value as f64 / highest * 18.0)
    });
    let points = points.collect::<Vec<_>>().join(" ");
    view! { <Spark points /> }
}

/// A line without a scale, 120 wide and 22 high; `points` as SVG writes them.
#[component]
pub fn Spark(points: String) -> impl IntoView {
    view! {
        <svg class="spark" viewBox="0 0 120 22" aria-hidden="true">
            <polyline points=points></polyline>
        </svg>
    }
}

/// The next of 1, 2, 5, 10, 20, … that is not below `value`.
fn round_above(value: u64) -> u64 {
    let mut power = 1_u64;
    while let Some(next) = power.checked_mul(10).filter(|_| power.saturating_mul(5) < value) {
        power = next;
    }
    let mut round = [1, 2, 5].into_iter().map(|times| power.saturating_mul(times));
    round.find(|round| *round >= value).unwrap_or(value)
}

/// Where `value` is on a scale that ends at `highest`.
fn height(value: u64, highest: u64) -> f64 {
    HEIGHT - value as f64 / highest.max(1) as f64 * (HEIGHT - HEAD)
}

#[derive(Debug, PartialEq)]
struct Bar {
    x: f64,
    width: f64,
    /// Top and height.
    well: (f64, f64),
    failed: (f64, f64),
}

fn stack(values: &[(u64, u64)], highest: u64) -> Vec<Bar> {
    let step = WIDTH / values.len().max(1) as f64;
    let tall = |value: u64| match value {
        0 => 0.0,
        // Something is never drawn as nothing.
        some => (HEIGHT - height(some, highest)).max(1.5),
    };
    let bar = |(at, (well, failed)): (usize, &(u64, u64))| {
        let (well, failed) = (tall(*well), tall(*failed));
        Bar {
            x: at as f64 * step,
            width: (step - 1.5).max(1.0),
            well: (HEIGHT - well, well),
            failed: (HEIGHT - well - failed, failed),
        }
    };
    values.iter().enumerate().map(bar).collect()
}

/// Latencies differ by factors, so their scale is logarithmic.
fn height_of_power(value: u64, highest: u64) -> f64 {
    let whole = (highest as f64).ln_1p().max(1.0);
    HEIGHT - 4.0 - (value as f64).ln_1p() / whole * (HEIGHT - 4.0 - HEAD)
}

/// The powers of ten up to `highest`, each where it can be read.
fn powers(highest: u64) -> Vec<(f64, u64)> {
    let mut marks: Vec<(f64, u64)> = Vec::new();
    let all = std::iter::successors(Some(1_u64), |power| power.checked_mul(10));
    for value in all.take_while(|power| *power <= highest) {
        let y = height_of_power(value, highest);
        if marks.last().is_none_or(|(below, _)| below - y >= APART) {
            marks.push((y, value));
        }
    }
    marks
}

/// A line as SVG writes it.
struct Path {
    line: String,
    /// Values that have no neighbour: lines of no length, with round ends.
    points: String,
}

fn path(values: &[Option<u64>], highest: u64) -> Path {
    let step = WIDTH / values.len().max(1) as f64;
    let (mut line, mut points) = (String::new(), String::new());
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        let x = (at as f64 + 0.5) * step;
        let y = height_of_power(*value, highest);
        let follows = at.checked_sub(1).is_some_and(|before| values[before].is_some());
        let goes_on = values.get(at + 1).is_some_and(Option::is_some);
        match (follows, goes_on) {
            (true, _) => line.push_str(&format!("L{x:.1} {y:.1}")),
            (false, true) => line.push_str(&format!("M{x:.1} {y:.1}")),
            (false, false) => points.push_str(&format!("M{x:.1} {y:.1}h0.1")),
        }
    }
    Path { line, points }
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_ground_and_are_as_high_as_the_scale_says() {
        let bars = stack(&[(0, 0), (3, 1), (0, 1)], 5);
        assert_eq!((bars[0].well.1, bars[0].failed.1), (0.0, 0.0));
        let top = bars[1].failed.0;
        assert!((top - height(4, 5)).abs() < 0.01, "{top}");
        assert!((bars[1].well.0 + bars[1].well.1 - HEIGHT).abs() < 0.01);
        assert!((bars[2].failed.0 + bars[2].failed.1 - HEIGHT).abs() < 0.01);
    }

    #[test]
    fn a_scale_of_counts_ends_at_a_round_number() {
        let round = [0, 1, 2, 3, 6, 10, 11, 49, 51, 999, 1_000].map(round_above);
        assert_eq!(round, [1, 1, 2, 5, 10, 10, 20, 50, 100, 1_000, 1_000]);
        assert_eq!(round_above(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_scale_of_powers_has_marks_that_can_be_read() {
        let values =
            |highest| powers(highest).into_iter().map(|(_, value)| value).collect::<Vec<_>>();
        assert!(values(0).is_empty());
        assert_eq!(values(11), [1, 10]);
        assert_eq!(values(2_000), [1, 10, 100, 1_000]);
        let marks = powers(u64::MAX);
        assert!(marks.windows(2).all(|two| two[0].0 - two[1].0 >= APART), "{marks:?}");
    }

    #[test]
    fn a_line_has_a_gap_where_nothing_is_known_and_a_point_for_what_is_alone() {
        let Path { line, points } = path(&[Some(1), Some(10), None, Some(10), None], 10);
        assert_eq!((line.matches('M').count(), line.matches('L').count()), (1, 1), "{line}");
        assert_eq!(points.matches("h0.1").count(), 1, "{points}");
    }
}
