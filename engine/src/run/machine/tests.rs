//! The state machine, driven by hand and by random outcomes.

use proptest::prelude::*;

use super::*;

const STEPS: &str = r#"
name: n
triggers: [{ eventType: "*" }]
steps:
  - { id: call, http: { url: "http://a.example" }, retry: { attempts: 3, initial: 10s, max: 15s } }
  - { id: skip, transform: 1, when: "false" }
  - { id: wait, delay: { for: 10m } }
  - { id: shape, transform: "${steps.call.output}" }
"#;

fn failure(permanent: bool) -> Outcome {
    let message = "answered 500".into();
    Outcome::Failed(Failure { code: "http_status", message, permanent, retry_after: None })
}

fn scope(state: &RunState) -> Scope {
    crate::run::scope::step_scope(Scope::default(), RunId::new(1), state)
}

#[test]
fn a_run_goes_through_its_steps_in_order() {
    let definition = Definition::parse(STEPS).unwrap();
    let mut state = RunState::default();
    let mut now = Timestamp::from_millis(0);
    let Next::Call { step, .. } = next(&definition, &mut state, scope, now) else { panic!() };
    let stand = settle(RunId::new(1), step, &mut state, &failure(false), now, 1.0);
    assert_eq!(stand, Stand::Waiting { wait: Duration::from_secs(10) });
    let Next::Call { step, .. } = next(&definition, &mut state, scope, now) else { panic!() };
    let stand = settle(RunId::new(1), step, &mut state, &Outcome::Succeeded(json!(7)), now, 1.0);
    assert_eq!(stand, Stand::Ready);

    let Next::Sleep { until } = next(&definition, &mut state, scope, now) else { panic!() };
    assert_eq!(until, now.plus_millis(600_000));
    now = until;
    for expected in ["wait", "shape"] {
        let Next::Decided { step, outcome } = next(&definition, &mut state, scope, now) else {
            panic!()
        };
        assert_eq!(step.id, expected);
        settle(RunId::new(1), step, &mut state, &outcome, now, 1.0);
    }
    assert!(matches!(next(&definition, &mut state, scope, now), Next::Finished));
    assert_eq!(state.steps["shape"]["output"], json!(7));
    assert_eq!(state.steps["skip"]["skipped"], json!(true));
}

#[test]
fn attempts_end_in_a_dead_letter_that_says_why() {
    let definition = Definition::parse(STEPS).unwrap();
    let mut state = RunState::default();
    let step = &definition.steps[0];
    for at in [0, 1] {
        let now = Timestamp::from_millis(at);
        let stand = settle(RunId::new(1), step, &mut state, &failure(false), now, 1.0);
        assert!(matches!(stand, Stand::Waiting { .. }));
    }
    let now = Timestamp::from_millis(2);
    let Stand::Failed(error) = settle(RunId::new(1), step, &mut state, &failure(false), now, 1.0)
    else {
        panic!()
    };
    assert_eq!((error.retry_attempts, error.first_failed_at.millis()), (3, 0));
    revive(&mut state);
    let stand = settle(RunId::new(1), step, &mut state, &failure(false), now, 1.0);
    assert!(matches!(stand, Stand::Waiting { .. }), "a retry has all its attempts again");
}

proptest! {
    /// Whatever the outcomes, a run ends, never goes back a step, and never tries more than allowed.
    #[test]
    fn every_run_ends(outcomes in prop::collection::vec(0..3u8, 30)) {
        let definition = Definition::parse(STEPS).unwrap();
        let mut state = RunState::default();
        let mut now = Timestamp::from_millis(0);
        for outcome in outcomes {
            let before = state.position;
            let (step, outcome) = match next(&definition, &mut state, scope, now) {
                Next::Finished => return Ok(()),
                Next::Sleep { until } => { now = until; continue }
                Next::Decided { step, outcome } => (step, outcome),
                Next::Emit { .. } => unreachable!("there is no such step"),
                Next::Call { step, .. } => (step, match outcome {
                    0 => Outcome::Succeeded(json!({})),
                    other => failure(other == 1),
                }),
            };
            match settle(RunId::new(1), step, &mut state, &outcome, now, 0.5) {
                Stand::Waiting { wait } => now = now.plus(wait),
                Stand::Ready => prop_assert!(state.position == before + 1 || state.position == before + 2),
                Stand::Failed(_) => return Ok(()),
            }
            prop_assert!(state.attempt < 3);
        }
        prop_assert!(matches!(next(&definition, &mut state, scope, now), Next::Finished));
    }
}
