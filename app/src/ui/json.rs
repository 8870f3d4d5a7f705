//! A payload to read: coloured, folded, and never anything but text.
//!
//! What was sent is shown as it was sent: numbers keep their digits and keys their order. A small document
//! is drawn whole, so that it can be read without a script. Of a large one, what is folded is not drawn
//! before it is opened, and a long list comes in groups. What is no JSON comes as plain text, cut.

use std::ops::Range;
use std::sync::Arc;

use leptos::prelude::*;

pub mod payload;
pub mod walk;

use walk::{Child, Kind, Step};

/// Documents up to so many bytes, pieces and levels are drawn whole.
const DRAWN: usize = 64 * 1024;
const PIECES: usize = 4_000;
const DEPTH: usize = 48;
/// Of text, this much.
const SHOWN: usize = 128 * 1024;
/// Of one value, this much.
const VALUE: usize = 4_000;
const OPEN_DEPTH: u32 = 2;
const OPEN_LENGTH: usize = 60;
/// How many lines a group has.
const GROUP: usize = 100;

#[component]
pub fn JsonView(#[prop(into)] text: String) -> impl IntoView {
    match Sheet::of(Arc::from(text.as_str())) {
        Some(sheet) => sheet.draw(),
        None => view! { <Plain text /> }.into_any(),
    }
}

#[component]
fn Plain(text: String) -> impl IntoView {
    let end = text.floor_char_boundary(SHOWN);
    let cut = end < text.len();
    let total = size(text.len() as u64);
    view! {
        <pre class="json">{text[..end].to_owned()}</pre>
        {cut.then(|| view! { <p class="dim">"Only the beginning of " {total} " is shown."</p> })}
    }
}

/// `1.2 KB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{}.{} KB", bytes / 1024, bytes % 1024 * 10 / 1024),
        _ => format!("{}.{} MB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

/// A document on screen. Each of its lines says by `data-at` where its piece begins.
#[derive(Clone)]
pub struct Sheet {
    pub text: Arc<str>,
    /// Drawn as it is opened, not whole.
    pub lazy: bool,
}

impl Sheet {
    pub fn of(text: Arc<str>) -> Option<Self> {
        if !walk::is_json(&text) {
            return None;
        }
        let (pieces, depth) = walk::measure(&text, PIECES);
        let lazy = text.len() > DRAWN || pieces >= PIECES || depth > DEPTH;
        Some(Self { text, lazy })
    }

    pub fn draw(self) -> AnyView {
        let root = Child { key: None, value: walk::root(&self.text) };
        view! { <div class="json">{self.line(root, 0, true)}</div> }.into_any()
    }

    /// The names of the lines that lead to the last step, the whole document first.
    pub fn way(&self, trail: &[Step]) -> Vec<String> {
        let mut at = walk::root(&self.text).start;
        let mut names = vec![at.to_string()];
        for step in trail {
            let mut range = 0..walk::children(&self.text, at).len();
            while self.lazy && group(range.len()) > 1 {
                let size = group(range.len());
                let from = range.start + (step.index - range.start) / size * size;
                range = from..(from + size).min(range.end);
                names.push(group_name(at, &range));
            }
            at = step.child.value.start;
            names.push(at.to_string());
        }
        names
    }

    fn line(&self, child: Child, depth: u32, last: bool) -> AnyView {
        let comma = if last { "" } else { "," };
        let at = child.value.start;
        let key = child.key.map(|key| self.text[key].to_owned());
        let name = key.map(|key| view! { <span class="k">{key}</span> ": " }).into_any();
        let ends = match walk::kind(&self.text, at) {
            Kind::Object => ["{", "}"],
            Kind::Array => ["[", "]"],
            kind => {
                let value = cut(&self.text[child.value]);
                return view! {
                    <div class="leaf" data-at=at>
                        {name}
                        <span class=kind.class()>{value}</span>
                        {comma}
                    </div>
                }
                .into_any();
            }
        };
        self.container(name, at, depth, ends, comma)
    }

    fn container(
        &self,
        name: AnyView,
        at: usize,
        depth: u32,
        [open, close]: [&'static str; 2],
        comma: &'static str,
    ) -> AnyView {
        let length = walk::children(&self.text, at).len();
        if length == 0 {
            return view! {
                <div class="leaf" data-at=at>
                    {name}
                    {open}
                    {close}
                    {comma}
                </div>
            }
            .into_any();
        }
        let what = match (open, length) {
            ("{", 1) => "field",
            ("{", _) => "fields",
            (_, 1) => "item",
            _ => "items",
        };
        let summary = format!("{length} {what}");
        let opened = match self.lazy {
            true => depth == 0,
            false => depth < OPEN_DEPTH && length <= OPEN_LENGTH,
        };
        let sheet = self.clone();
        let inner = fold(self.lazy, opened, move || sheet.lines(at, 0..length, depth + 1));
        let Folded { content, toggled } = inner;
        view! {
            <details class="node" data-at=at open=opened on:toggle=move |_| toggled()>
                <summary>
                    {name} {open} <span class="f">" " {summary} " " {close} {comma}</span>
                </summary>
                <div class="in">{content}</div>
                <div class="leaf">{close} {comma}</div>
            </details>
        }
        .into_any()
    }

    /// Lines of a container; too many come in groups, and these in groups of their own.
    fn lines(&self, at: usize, range: Range<usize>, depth: u32) -> Vec<AnyView> {
        let step = if self.lazy { group(range.len()) } else { 1 };
        if step > 1 {
            let groups = range.clone().step_by(step);
            let groups = groups.map(|from| from..(from + step).min(range.end));
            return groups.map(|range| self.group(at, range, depth)).collect();
        }
        let children = walk::children(&self.text, at);
        let length = children.len();
        let children = children.into_iter().enumerate().skip(range.start).take(range.len());
        children.map(|(index, child)| self.line(child, depth, index + 1 == length)).collect()
    }

    fn group(&self, at: usize, range: Range<usize>, depth: u32) -> AnyView {
        let name = group_name(at, &range);
        let label = format!("{} … {}", range.start, range.end - 1);
        let sheet = self.clone();
        let Folded { content, toggled } =
            fold(true, false, move || sheet.lines(at, range.clone(), depth));
        view! {
            <details class="node many" data-at=name on:toggle=move |_| toggled()>
                <summary>
                    <span class="f">{label}</span>
                </summary>
                <div>{content}</div>
            </details>
        }
        .into_any()
    }
}

/// How many lines go into one group; one is no group.
pub fn group(length: usize) -> usize {
    let mut step = 1;
    while length.div_ceil(step) > GROUP {
        step *= GROUP;
    }
    step
}

/// Groups have no place of their own in the text.
pub fn group_name(at: usize, range: &Range<usize>) -> String {
    format!("{at}:{}-{}", range.start, range.end)
}

struct Folded<F> {
    content: AnyView,
    toggled: F,
}

/// What is within a fold: drawn at once, or when it is opened for the first time.
fn fold(
    lazy: bool,
    opened: bool,
    draw: impl Fn() -> Vec<AnyView> + Send + Sync + 'static,
) -> Folded<impl Fn()> {
    let drawn = lazy.then(|| RwSignal::new(opened));
    let content = match drawn {
        Some(drawn) => (move || drawn.get().then(&draw)).into_any(),
        None => draw().into_any(),
    };
    let toggled = move || {
        if let Some(drawn) = drawn.filter(|drawn| !drawn.get_untracked()) {
            drawn.set(true);
        }
    };
    Folded { content, toggled }
}

fn cut(value: &str) -> String {
    let end = value.floor_char_boundary(VALUE);
    match end < value.len() {
        true => format!("{}… ({})", &value[..end], size(value.len() as u64)),
        false => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_come_in_groups_of_groups() {
        assert_eq!([1, 100, 101, 10_000, 10_001].map(group), [1, 1, 100, 100, 10_000]);
    }

    #[test]
    fn what_is_large_long_or_deep_is_not_drawn_whole() {
        let lazy = |text: String| Sheet::of(text.into()).map(|sheet| sheet.lazy);
        assert_eq!(lazy("{\"a\": [1, 2]}".into()), Some(false));
        assert_eq!(lazy(format!("\"{}\"", "x".repeat(DRAWN))), Some(true));
        assert_eq!(lazy(format!("[{}1]", "1,".repeat(PIECES))), Some(true));
        assert_eq!(lazy("[".repeat(60) + &"]".repeat(60)), Some(true));
        assert_eq!(lazy("no json".into()), None);
    }

    #[test]
    fn the_way_to_a_piece_goes_through_its_groups() {
        let text = format!("{{\"a\": [{}1]}}", "1,".repeat(PIECES));
        let sheet = Sheet::of(text.as_str().into());
        let way = |place| sheet.as_ref().map(|sheet| sheet.way(&walk::trail(&text, place)));
        let expected = ["0", "6", "6:2500-2600", "5007"].map(str::to_owned);
        assert_eq!(way(5_007), Some(expected.to_vec()));
        assert_eq!(way(text.len()), Some(vec!["0".to_owned()]));
    }

    #[test]
    fn a_value_is_cut_between_characters() {
        let long = "é".repeat(VALUE);
        assert_eq!(cut("\"short\""), "\"short\"");
        assert!(cut(&long).ends_with("… (7.8 KB)"));
    }
}
