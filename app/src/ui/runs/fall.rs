//! Where the attempts of a run lie in time, for drawing: pure arithmetic on a width of 1000.

use crate::model::{AttemptStatus, RunView};

const WIDTH: i64 = 1000;
/// So that a millisecond beside a minute can still be seen.
const THINNEST: i64 = 8;

/// The time that all runs of an event share, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    from: i64,
    to: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `ok`, `bad` or `wait`.
    pub kind: &'static str,
    pub x: i64,
    pub width: i64,
}

impl Span {
    pub fn of(runs: &[RunView]) -> Self {
        let from = runs.iter().filter_map(|run| run.created_at.millis()).min().unwrap_or(0);
        let to = runs.iter().filter_map(end).max().unwrap_or(from);
        Self { from, to: to.max(from + 1) }
    }

    /// The attempts of `run`, with the waits between them.
    pub fn parts(self, run: &RunView) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut before = None;
        for attempt in &run.attempts {
            let Some(start) = attempt.started_at.millis() else { continue };
            let x = self.x(start);
            if let Some(before) = before
                && x > before
            {
                parts.push(Part { kind: "wait", x: before, width: x - before });
            }
            let kind = match attempt.status {
                AttemptStatus::Succeeded => "ok",
                AttemptStatus::Failed => "bad",
            };
            let width = (self.x(start.saturating_add_unsigned(attempt.duration_ms)) - x)
                .clamp(THINNEST, (WIDTH - x).max(THINNEST));
            parts.push(Part { kind, x, width });
            before = Some(x + width);
        }
        parts
    }

    fn x(self, at: i64) -> i64 {
        (at - self.from).clamp(0, self.to - self.from) * (WIDTH - THINNEST) / (self.to - self.from)
    }
}

fn end(run: &RunView) -> Option<i64> {
    let attempts = run.attempts.iter().filter_map(|attempt| {
        Some(attempt.started_at.millis()?.saturating_add_unsigned(attempt.duration_ms))
    });
    attempts.chain(run.finished_at.as_ref().and_then(|at| at.millis())).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RunStatus, StepAttempt, Timestamp, WorkflowRef};

    fn at(seconds: u32) -> Timestamp {
        Timestamp(format!("2025-11-24T09:41:{seconds:02}.000Z"))
    }

    fn attempt(second: u32, duration_ms: u64, status: AttemptStatus) -> StepAttempt {
        StepAttempt {
            step: "notify".to_owned(),
            attempt: 1,
            status,
            started_at: at(second),
            duration_ms,
            request: None,
            response: None,
            error: None,
        }
    }

    #[test]
    fn attempts_and_waits_share_the_width() {
        let run = RunView {
            id: "run_1".to_owned(),
            status: RunStatus::Succeeded,
            workflow: WorkflowRef { id: "wf_1".to_owned(), name: "w".to_owned(), version: 1 },
            test: false,
            created_at: at(0),
            finished_at: Some(at(10)),
            next_attempt_at: None,
            held_by: None,
            waits_for_turn: false,
            error: None,
            attempts_made: 2,
            attempts: vec![
                attempt(0, 1, AttemptStatus::Failed),
                attempt(5, 5000, AttemptStatus::Succeeded),
            ],
        };
        let parts = Span::of(std::slice::from_ref(&run)).parts(&run);
        let expected = [
            Part { kind: "bad", x: 0, width: 8 },
            Part { kind: "wait", x: 8, width: 488 },
            Part { kind: "ok", x: 496, width: 496 },
        ];
        assert_eq!(parts, expected);
    }
}
