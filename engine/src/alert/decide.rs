//! What a reading means for a rule. Pure.
//!
//! It fires as soon as the threshold is passed. It is quiet again only after it was read twice in a row
//! as well below: a value that dances around the threshold is told once.

use super::{Condition, Rule, State};
use crate::time::Timestamp;

/// So many calm readings in a row end an alert.
const CALM: i64 = 2;
/// A value is calm at this share of its threshold or less.
const WELL_BELOW: f64 = 0.8;

/// What is to be done about a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Fires,
    /// It has held for so long that it is told again.
    Reminds,
    Resolves,
}

impl Turn {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fires => "fires",
            Self::Reminds => "reminds",
            Self::Resolves => "resolves",
        }
    }
}

/// How a rule stands after a reading, and what it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub state: State,
    pub calm: i64,
    pub turn: Option<Turn>,
    /// Whether the turn is told to the channels, or only kept in the history.
    pub told: bool,
}

/// `value` is in the condition's own unit; `None` where there is too little to judge by.
pub fn decide(rule: &Rule, value: Option<f64>, now: Timestamp) -> Decision {
    let (breached, calm) = match value {
        Some(value) => (breaches(&rule.condition, value), is_calm(&rule.condition, value)),
        None => (false, true),
    };
    let muted = rule.muted_until.is_some_and(|until| now < until);
    let stays = |state, calm| Decision { state, calm, turn: None, told: false };
    match rule.state {
        State::Quiet if breached => {
            Decision { state: State::Firing, calm: 0, turn: Some(Turn::Fires), told: !muted }
        }
        State::Quiet => stays(State::Quiet, 0),
        State::Firing if calm && rule.calm + 1 >= CALM => {
            // Who was not told that it fires need not hear that it is over.
            let told = !muted && rule.told_at.is_some();
            Decision { state: State::Quiet, calm: 0, turn: Some(Turn::Resolves), told }
        }
        State::Firing if calm => stays(State::Firing, rule.calm + 1),
        State::Firing => {
            let due = match rule.told_at {
                Some(told) => now >= told.plus(rule.repeat),
                // It fired while it was muted.
                None => true,
            };
            match due && breached && !muted {
                true => {
                    Decision { turn: Some(Turn::Reminds), told: true, ..stays(State::Firing, 0) }
                }
                false => stays(State::Firing, 0),
            }
        }
    }
}

fn breaches(condition: &Condition, value: f64) -> bool {
    match condition {
        Condition::Absence { .. } => value == 0.0,
        other => value > threshold(other),
    }
}

fn is_calm(condition: &Condition, value: f64) -> bool {
    match condition {
        Condition::Absence { .. } => value > 0.0,
        other => value <= threshold(other) * WELL_BELOW,
    }
}

/// In the unit of the reading: events, percent or milliseconds.
pub(super) fn threshold(condition: &Condition) -> f64 {
    match condition {
        Condition::FailedEvents { over, .. }
        | Condition::DeadLetters { over }
        | Condition::Rejected { over, .. } => f64::from(*over),
        Condition::FailureRate { over_percent, .. } => f64::from(*over_percent),
        Condition::Latency { over, .. } => over.0.as_millis() as f64,
        Condition::Absence { .. } | Condition::SchemaDrift { .. } => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::alert::Window;
    use crate::id::AlertRuleId;

    fn rule(condition: Condition) -> Rule {
        Rule {
            id: AlertRuleId::new(1),
            name: "r".into(),
            condition,
            repeat: Duration::from_secs(3_600),
            muted_until: None,
            state: State::Quiet,
            since: at(0),
            calm: 0,
            told_at: None,
            value: None,
            created_at: at(0),
        }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(minutes * 60_000)
    }

    /// Reads a rule once a minute; the turns that were told, and those that were not in brackets.
    fn told(rule: &mut Rule, values: &[f64]) -> Vec<String> {
        let mut turns = Vec::new();
        for (minute, value) in values.iter().enumerate() {
            let now = at(minute as i64);
            let Decision { state, calm, turn, told } = decide(rule, Some(*value), now);
            (rule.state, rule.calm) = (state, calm);
            if let Some(turn) = turn {
                let name = turn.as_str();
                turns.push(format!(
                    "{minute} {}",
                    if told { name.into() } else { format!("({name})") }
                ));
            }
            if told {
                rule.told_at = (state == State::Firing).then_some(now);
            }
        }
        turns
    }

    #[test]
    fn a_value_that_dances_is_told_once() {
        let mut rule = rule(Condition::DeadLetters { over: 10 });
        let values = [10.0, 11.0, 10.0, 11.0, 8.0, 9.0, 8.0, 7.0, 7.0];
        assert_eq!(told(&mut rule, &values), ["1 fires", "7 resolves"]);
    }

    #[test]
    fn what_goes_on_is_told_again_after_a_while() {
        let mut rule = rule(Condition::DeadLetters { over: 10 });
        assert_eq!(told(&mut rule, &[20.0; 130]), ["0 fires", "60 reminds", "120 reminds"]);
    }

    #[test]
    fn what_is_muted_is_kept_but_not_told() {
        let mut rule = rule(Condition::DeadLetters { over: 10 });
        rule.muted_until = Some(at(5));
        assert_eq!(told(&mut rule, &[20.0, 1.0, 1.0, 1.0]), ["0 (fires)", "2 (resolves)"]);
        rule.muted_until = Some(at(2));
        assert_eq!(told(&mut rule, &[20.0; 4]), ["0 (fires)", "2 reminds"]);
    }

    #[test]
    fn absence_fires_at_nothing_and_is_over_with_something() {
        let window = Window(Duration::from_secs(1_200));
        let mut rule = rule(Condition::Absence { window, event_type: None, source: None });
        assert_eq!(told(&mut rule, &[3.0, 0.0, 0.0, 1.0, 1.0]), ["1 fires", "4 resolves"]);
    }

    #[test]
    fn too_little_to_judge_by_is_calm() {
        let mut rule = rule(Condition::DeadLetters { over: 10 });
        rule.state = State::Firing;
        assert_eq!(decide(&rule, None, at(0)).calm, 1);
    }
}
