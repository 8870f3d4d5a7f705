//! Small charts, drawn by hand: bars in two parts, lines, and a line of one row's course.
//!
//! A chart library would bring more into the browser than the whole page has left. What a chart says
//! stands in a table beside it; the drawing itself is silent. The arithmetic is pure.

use leptos::prelude::*;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 140.0;

/// Bars side by side: of each, the well part below and the failed part on top.
#[component]
pub fn Bars(values: Vec<(u64, u64)>) -> AnyView {
    let bars = stack(&values).into_iter().map(|Bar { x, width, well, failed }| {
        view! {
            <rect class="well" x=px(x) y=px(well.0) width=px(width) height=px(well.1) />
            <rect class="failed" x=px(x) y=px(failed.0) width=px(width) height=px(failed.1) />
        }
    });
    view! {
        <svg class="chart" viewBox="0 0 640 140" preserveAspectRatio="none" aria-hidden="true">
            {bars.collect::<Vec<_>>()}
            <line class="ground" x1="0" x2="640" y1="139.5" y2="139.5" />
        </svg>
    }
    .into_any()
}

/// Lines over each other on a scale of powers, each with the class that colours it. Where there is no
/// value a line has a gap.
#[component]
pub fn Lines(lines: Vec<(&'static str, Vec<Option<u64>>)>) -> AnyView {
    let highest = lines.iter().flat_map(|(_, values)| values).flatten().copied().max();
    let highest = highest.unwrap_or(0);
    let paths = lines.into_iter().map(|(class, values)| {
        view! { <path class=class d=path(&values, highest) /> }
    });
    view! {
        <svg class="chart" viewBox="0 0 640 140" preserveAspectRatio="none" aria-hidden="true">
            {paths.collect::<Vec<_>>()}
            <line class="ground" x1="0" x2="640" y1="139.5" y2="139.5" />
        </svg>
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
    view! {
        <svg class="spark" viewBox="0 0 120 22" aria-hidden="true">
            <polyline points=points></polyline>
        </svg>
    }
}

#[derive(Debug, PartialEq)]
struct Bar {
    x: f64,
    width: f64,
    /// Top and height.
    well: (f64, f64),
    failed: (f64, f64),
}

fn stack(values: &[(u64, u64)]) -> Vec<Bar> {
    let highest = values.iter().map(|(well, failed)| well + failed).max().unwrap_or(0).max(1);
    let step = WIDTH / values.len().max(1) as f64;
    let height = |value: u64| match value {
        0 => 0.0,
        // Something is never drawn as nothing.
        some => (some as f64 / highest as f64 * (HEIGHT - 4.0)).max(1.5),
    };
    let bar = |(at, (well, failed)): (usize, &(u64, u64))| {
        let (well, failed) = (height(*well), height(*failed));
        Bar {
            x: at as f64 * step,
            width: (step - 1.5).max(1.0),
            well: (HEIGHT - well, well),
            failed: (HEIGHT - well - failed, failed),
        }
    };
    values.iter().enumerate().map(bar).collect()
}

/// Latencies differ by factors, so the scale is logarithmic.
fn path(values: &[Option<u64>], highest: u64) -> String {
    let scale = ((highest + 1) as f64).ln().max(1.0);
    let last = values.len().saturating_sub(1).max(1) as f64;
    let mut path = String::new();
    let mut pen_down = false;
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else {
            pen_down = false;
            continue;
        };
        let x = at as f64 * WIDTH / last;
        let y = HEIGHT - 4.0 - ((value + 1) as f64).ln() / scale * (HEIGHT - 10.0);
        let go = if pen_down { 'L' } else { 'M' };
        path.push_str(&format!("{go}{x:.1} {y:.1}"));
        // A value alone is a point: a line of no length with round ends.
        if !pen_down && values.get(at + 1).is_none_or(Option::is_none) {
            path.push_str("h0.1");
        }
        pen_down = true;
    }
    path
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_ground_and_the_highest_fills_the_height() {
        let bars = stack(&[(0, 0), (3, 1), (0, 1)]);
        assert_eq!((bars[0].well.1, bars[0].failed.1), (0.0, 0.0));
        let top = bars[1].failed.0;
        assert!((top - 4.0).abs() < 0.01, "{top}");
        assert!((bars[1].well.0 + bars[1].well.1 - HEIGHT).abs() < 0.01);
        assert!((bars[2].failed.0 + bars[2].failed.1 - HEIGHT).abs() < 0.01);
    }

    #[test]
    fn a_line_has_a_gap_where_nothing_is_known() {
        let path = path(&[Some(1), Some(10), None, Some(10)], 10);
        assert_eq!(path.matches('M').count(), 2, "{path}");
        assert_eq!(path.matches('L').count(), 1, "{path}");
        assert!(path.ends_with("h0.1"), "{path}");
    }
}
