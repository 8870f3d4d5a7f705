//! What one version of a definition changes in another: line by line in its YAML, and in words. Pure.

use super::definition::{Document, StepDocument, TriggerDocument};

/// More comparisons than this are not made: the whole text counts as changed.
const MOST_COMPARED: usize = 4_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Both,
    Removed,
    Added,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub side: Side,
    pub text: String,
}

/// The definition as YAML, its fields in the order of the documentation. It reads back as the same.
pub fn yaml(document: &Document) -> String {
    // A document is names, texts, lists and numbers: each has a form in YAML.
    serde_yaml_ng::to_string(document).unwrap_or_default()
}

/// The difference between the YAML of two definitions; empty when they are the same.
pub fn documents(before: Option<&Document>, after: &Document) -> Vec<Line> {
    match before {
        Some(before) if before == after => Vec::new(),
        before => lines(&before.map(yaml).unwrap_or_default(), &yaml(after)),
    }
}

/// The difference between two texts, all of their lines in order.
pub fn lines(before: &str, after: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let begin = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let rest = old.len().min(new.len()) - begin;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest);
    let end = end.take_while(|(one, other)| one == other).count();
    let line = |side: Side| move |text: &&str| Line { side, text: (*text).to_owned() };
    let mut all: Vec<Line> = old[..begin].iter().map(line(Side::Both)).collect();
    all.extend(middle(&old[begin..old.len() - end], &new[begin..new.len() - end]));
    all.extend(old[old.len() - end..].iter().map(line(Side::Both)));
    all
}

/// By the longest common subsequence.
fn middle(old: &[&str], new: &[&str]) -> Vec<Line> {
    let line = |side: Side, text: &str| Line { side, text: text.to_owned() };
    if old.len().saturating_mul(new.len()) > MOST_COMPARED {
        let removed = old.iter().map(|text| line(Side::Removed, text));
        return removed.chain(new.iter().map(|text| line(Side::Added, text))).collect();
    }
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for at in (0..old.len()).rev() {
        for other in (0..new.len()).rev() {
            longest[at * width + other] = match old[at] == new[other] {
                true => longest[(at + 1) * width + other + 1] + 1,
                false => longest[(at + 1) * width + other].max(longest[at * width + other + 1]),
            };
        }
    }
    let (mut at, mut other, mut all) = (0, 0, Vec::new());
    while at < old.len() && other < new.len() {
        if old[at] == new[other] {
            all.push(line(Side::Both, old[at]));
            (at, other) = (at + 1, other + 1);
        } else if longest[(at + 1) * width + other] >= longest[at * width + other + 1] {
            all.push(line(Side::Removed, old[at]));
            at += 1;
        } else {
            all.push(line(Side::Added, new[other]));
            other += 1;
        }
    }
    all.extend(old[at..].iter().map(|text| line(Side::Removed, text)));
    all.extend(new[other..].iter().map(|text| line(Side::Added, text)));
    all
}

/// The lines that differ, with two around them, each marked by its first character.
pub fn text(lines: &[Line]) -> String {
    const AROUND: usize = 2;
    let is_near = |at: usize| {
        let (from, to) = (at.saturating_sub(AROUND), (at + AROUND + 1).min(lines.len()));
        lines[from..to].iter().any(|line| line.side != Side::Both)
    };
    let (mut text, mut left_out) = (String::new(), false);
    for (at, line) in lines.iter().enumerate() {
        if !is_near(at) {
            left_out = true;
            continue;
        }
        if std::mem::take(&mut left_out) && !text.is_empty() {
            text.push_str("  …\n");
        }
        text.push_str(match line.side {
            Side::Both => "  ",
            Side::Removed => "- ",
            Side::Added => "+ ",
        });
        text.push_str(&line.text);
        text.push('\n');
    }
    text
}

/// What has changed, each in a few words; empty when nothing has, or when there was none before.
pub fn changes(before: Option<&Document>, after: &Document) -> Vec<String> {
    let Some(before) = before else { return Vec::new() };
    let mut all = Vec::new();
    if before.name != after.name {
        all.push(format!("renamed from {}", before.name));
    }
    triggers(&before.triggers, &after.triggers, &mut all);
    if before.concurrency != after.concurrency {
        all.push(match after.concurrency {
            Some(most) => format!("at most {most} at once"),
            None => "no limit of runs at once any more".to_owned(),
        });
    }
    if before.order != after.order {
        all.push(match &after.order {
            Some(order) => format!("in order by {}", order.key),
            None => "in no order any more".to_owned(),
        });
    }
    steps(&before.steps, &after.steps, &mut all);
    if all.is_empty() && before != after {
        all.push("settings changed".to_owned());
    }
    all
}

fn triggers(before: &[TriggerDocument], after: &[TriggerDocument], all: &mut Vec<String>) {
    let missing = |from: &[TriggerDocument], trigger: &TriggerDocument| {
        !from.iter().any(|other| other.event_type == trigger.event_type)
    };
    for trigger in before.iter().filter(|trigger| missing(after, trigger)) {
        all.push(format!("trigger {} removed", trigger.event_type));
    }
    for trigger in after {
        if missing(before, trigger) {
            all.push(format!("trigger {} added", trigger.event_type));
        } else if !before.contains(trigger) {
            all.push(format!("trigger {} changed", trigger.event_type));
        }
    }
}

fn steps(before: &[StepDocument], after: &[StepDocument], all: &mut Vec<String>) {
    let of = |steps: &[StepDocument], id: &str| steps.iter().position(|step| step.id == id);
    for step in before.iter().filter(|step| of(after, &step.id).is_none()) {
        all.push(format!("step {} removed", step.id));
    }
    for step in after {
        match of(before, &step.id) {
            None => all.push(format!("step {} added", step.id)),
            Some(at) if before[at] != *step => all.push(format!("step {} changed", step.id)),
            Some(_) => {}
        }
    }
    let kept = |steps: &[StepDocument], other: &[StepDocument]| -> Vec<String> {
        let both = steps.iter().filter(|step| of(other, &step.id).is_some());
        both.map(|step| step.id.clone()).collect()
    };
    if kept(before, after) != kept(after, before) {
        all.push("steps put in another order".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::Definition;

    #[track_caller]
    fn check(before: &str, after: &str, expected: &str) {
        let told = lines(before, after);
        assert_eq!(text(&told), expected);
        let side = |left_out: Side| {
            let kept = told.iter().filter(|line| line.side != left_out);
            kept.map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(side(Side::Added), before);
        assert_eq!(side(Side::Removed), after);
    }

    #[test]
    fn only_what_differs_is_marked() {
        check("a\nb\nc\nd\ne\nf", "a\nb\nc\nd\nx\nf", "  c\n  d\n- e\n+ x\n  f\n");
        check("a\nb", "a\nb", "");
        check("", "a", "+ a\n");
        check("a\nb\na", "a\na\nb", "  a\n- b\n  a\n+ b\n");
        check(
            "1\n2\n3\n4\n5\n6\n7\n8",
            "0\n2\n3\n4\n5\n6\n7\n9",
            "- 1\n+ 0\n  2\n  3\n  …\n  6\n  7\n- 8\n+ 9\n",
        );
    }

    #[test]
    fn a_change_is_told_in_words_and_yaml_reads_back() {
        let parse = |text: &str| Definition::parse(text).unwrap().document;
        let one =
            parse("{name: a, triggers: [{eventType: x.*}], steps: [{id: s, delay: {for: 1s}}]}");
        let two = parse(
            "{name: b, triggers: [{eventType: x.*, filter: 'true'}, {eventType: y}],
              concurrency: 2, order: {key: event.source}, steps: [{id: s, delay: {for: 2s}}, {id: t, delay: {for: 1s}}]}",
        );
        let told = changes(Some(&one), &two);
        let expected = [
            "renamed from a",
            "trigger x.* changed",
            "trigger y added",
            "at most 2 at once",
            "in order by event.source",
            "step s changed",
            "step t added",
        ];
        assert_eq!(told, expected);
        assert_eq!(changes(Some(&two), &two), Vec::<String>::new());
        assert!(documents(Some(&two), &two).is_empty());
        assert_eq!(parse(&yaml(&two)), two);
    }
}
