//! Random walks: whatever happens to a run, and in whatever order, it is somewhere that makes sense.
//!
//! A walk has a store with one run in it and a worker that may hold a copy, as the engine does: the worker
//! claims what is due, writes down what it did, dies with what it has not written, and counts for nothing
//! once the run was ended by hand.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::run::cancel::Cancel;
use crate::run::{RunStatus, StepAttempt};

const STEPS: &str = r#"
name: n
triggers: [{ eventType: "*" }]
steps:
  - { id: first, http: { url: "http://a.example" }, retry: { attempts: 3, initial: 10s, max: 15s } }
  - { id: skip, transform: 1, when: "false" }
  - { id: wait, delay: { for: 10m } }
  - { id: shape, transform: "${steps.first.output}" }
  - { id: once, http: { url: "http://a.example" }, retry: { attempts: 1 } }
  - { id: last, http: { url: "http://a.example" }, retry: { attempts: 2 } }
"#;
const LEASE: i64 = 30_000;
/// More of these than any run needs to come to its end by itself.
const ENOUGH: usize = 200;

#[derive(Debug, Clone)]
enum Happening {
    /// So many milliseconds go by.
    Tick(i64),
    /// The worker does one thing; a call that it makes is answered so.
    Work(Answer),
    /// The process dies, perhaps in the middle of a call.
    Crash {
        after_the_call: bool,
    },
    Cancel,
    /// Somebody brings a failed run back.
    Retry,
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Good,
    Bad,
    Never,
    /// Asks for so many seconds of peace.
    Later(u64),
}

impl Answer {
    fn outcome(self) -> Outcome {
        let (permanent, retry_after) = match self {
            Self::Good => return Outcome::Succeeded(json!({ "status": 200 })),
            Self::Bad => (false, None),
            Self::Never => (true, None),
            Self::Later(seconds) => (false, Some(Duration::from_secs(seconds))),
        };
        let message = "answered 500".into();
        Outcome::Failed(Failure { code: "http_status", message, permanent, retry_after })
    }
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let answer = prop_oneof![
        4 => Just(Answer::Good),
        3 => Just(Answer::Bad),
        1 => Just(Answer::Never),
        1 => (0..100_000u64).prop_map(Answer::Later),
    ];
    let one = prop_oneof![
        4 => prop_oneof![0..5_000i64, 0..700_000i64].prop_map(Happening::Tick),
        8 => answer.prop_map(Happening::Work),
        1 => any::<bool>().prop_map(|after_the_call| Happening::Crash { after_the_call }),
        1 => Just(Happening::Cancel),
        1 => Just(Happening::Retry),
    ];
    prop::collection::vec(one, 0..60)
}

/// What the store says of the run.
#[derive(Debug, Clone, PartialEq)]
struct Stored {
    status: RunStatus,
    state: String,
    due: Option<Timestamp>,
}

struct Walk {
    definition: Definition,
    stored: Stored,
    /// The worker's copy, while it holds the lease.
    held: Option<RunState>,
    now: Timestamp,
    journal: Vec<StepAttempt>,
    /// Calls since the run began or was brought back, by step; those that nobody wrote down too.
    calls: HashMap<String, u32>,
    crashes: u32,
}

const RUN: RunId = RunId::new(1);

impl Walk {
    fn new() -> Self {
        let now = Timestamp::from_millis(0);
        Self {
            definition: Definition::parse(STEPS).unwrap(),
            stored: Stored { status: RunStatus::Queued, state: "{}".into(), due: Some(now) },
            held: None,
            now,
            journal: Vec::new(),
            calls: HashMap::new(),
            crashes: 0,
        }
    }

    fn happens(&mut self, happening: &Happening) {
        let before = self.stored.clone();
        match happening {
            Happening::Tick(millis) => self.now = self.now.plus_millis(*millis),
            Happening::Work(answer) => self.work(*answer),
            Happening::Crash { after_the_call } => self.crash(*after_the_call),
            Happening::Cancel => self.cancel(),
            Happening::Retry => self.retry(),
        }
        self.check(&before, matches!(happening, Happening::Retry));
    }

    fn claim(&mut self) {
        if self.held.is_none() && self.stored.due.is_some_and(|due| due <= self.now) {
            self.held = Some(serde_json::from_str(&self.stored.state).unwrap());
            self.stored.due = Some(self.now.plus_millis(LEASE));
        }
    }

    fn scope(state: &RunState) -> Scope {
        crate::run::scope::step_scope(Scope::default(), RUN, state)
    }

    fn work(&mut self, answer: Answer) {
        self.claim();
        let Some(mut state) = self.held.take() else { return };
        let definition = self.definition.clone();
        let (step, outcome) = match next(&definition, &mut state, Self::scope, self.now) {
            Next::Finished => return self.store(RunStatus::Succeeded, &state, None),
            Next::Sleep { until } => {
                assert!(until > self.now, "there is something to wait for");
                return self.store(RunStatus::Waiting, &state, Some(until));
            }
            Next::Emit { .. } => unreachable!("there is no such step"),
            Next::Decided { step, outcome } => (step, outcome),
            Next::Call { step, .. } => {
                assert!(!self.stored.status.is_finished(), "{} after the end", step.id);
                *self.calls.entry(step.id.clone()).or_default() += 1;
                (step, answer.outcome())
            }
        };
        state.attempts += 1;
        self.journal.push(StepAttempt {
            number: state.attempts,
            step: step.id.clone(),
            attempt: state.attempt + 1,
            succeeded: matches!(outcome, Outcome::Succeeded(_)),
            started_at: self.now,
            duration_ms: 0,
            request: None,
            response: None,
            error: None,
        });
        let position = state.position;
        match settle(RUN, step, &mut state, &outcome, self.now, 0.5) {
            Stand::Ready => {
                assert_eq!(state.position, position + 1);
                self.store(RunStatus::Running, &state, Some(self.now.plus_millis(LEASE)));
                self.held = Some(state);
            }
            Stand::Waiting { wait } => {
                assert!(state.attempt < step.retry.attempts());
                self.store(RunStatus::Waiting, &state, Some(self.now.plus(wait)));
            }
            Stand::Failed(error) => {
                assert_eq!(error.step.as_ref(), Some(&step.id));
                assert!(error.retry_attempts <= i64::from(step.retry.attempts()));
                self.store(RunStatus::Failed, &state, None);
            }
        }
    }

    fn store(&mut self, status: RunStatus, state: &RunState, due: Option<Timestamp>) {
        self.stored = Stored { status, state: json!(state).to_string(), due };
    }

    fn crash(&mut self, after_the_call: bool) {
        if after_the_call && let Some(mut state) = self.held.clone() {
            let next = next(&self.definition, &mut state, Self::scope, self.now);
            if let Next::Call { step, .. } = next {
                *self.calls.entry(step.id.clone()).or_default() += 1;
            }
        }
        self.crashes += u32::from(self.held.take().is_some());
    }

    fn cancel(&mut self) {
        if self.stored.status.is_finished() {
            return;
        }
        let cancel = Cancel { run: RUN, workflow: None, turned: None, by: "Ada".into() };
        let mut state: RunState = serde_json::from_str(&self.stored.state).unwrap();
        assert_eq!(cancel.error(&state, self.now).run_id, Some(RUN));
        if self.held.take().is_some() {
            self.journal.push(cancel.attempt(&mut state, self.now));
        }
        self.store(RunStatus::Cancelled, &state, None);
    }

    fn retry(&mut self) {
        if self.stored.status == RunStatus::Failed {
            let mut state: RunState = serde_json::from_str(&self.stored.state).unwrap();
            revive(&mut state, Timestamp::from_millis(9));
            self.calls.clear();
            self.crashes = 0;
            self.store(RunStatus::Queued, &state, Some(self.now));
        }
    }

    fn check(&self, before: &Stored, retried: bool) {
        if before.status.is_finished() && !(retried && before.status == RunStatus::Failed) {
            assert_eq!(&self.stored, before, "what has ended stays as it is");
        }
        let open = !self.stored.status.is_finished();
        assert_eq!(self.stored.due.is_some(), open, "an open run is due some time");
        assert!(open || self.held.is_none(), "nobody works on a run that has ended");
        let state: RunState = serde_json::from_str(&self.stored.state).unwrap();
        assert!(state.position <= self.definition.steps.len());
        for (at, step) in self.definition.steps.iter().enumerate() {
            assert_eq!(state.steps.contains_key(&step.id), at < state.position, "{}", step.id);
            let won = self.journal.iter().filter(|it| it.step == step.id && it.succeeded).count();
            assert!(won <= 1, "{} succeeded {won} times", step.id);
            let calls = self.calls.get(&step.id).copied().unwrap_or_default();
            assert!(calls <= step.retry.attempts() + self.crashes, "{calls} at {}", step.id);
        }
        let numbers: Vec<i64> = self.journal.iter().map(|attempt| attempt.number).collect();
        assert_eq!(
            numbers,
            (1..=numbers.len() as i64).collect::<Vec<_>>(),
            "the journal has no gap"
        );
    }

    /// Lets time pass until it has ended; every call is answered well.
    fn ends(&mut self) {
        for _ in 0..ENOUGH {
            if self.stored.status.is_finished() {
                return;
            }
            if self.held.is_none() {
                self.now = self.now.max(self.stored.due.unwrap());
            }
            self.happens(&Happening::Work(Answer::Good));
        }
        panic!("it never ends: {:?}", self.stored);
    }
}

proptest! {
    #[test]
    fn any_order_of_happenings_leads_to_a_lawful_end(happenings in happenings()) {
        let mut walk = Walk::new();
        for happening in &happenings {
            walk.happens(happening);
        }
        walk.ends();
    }
}
