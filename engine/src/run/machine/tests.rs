//! The state machine, driven by hand and by random outcomes.

use proptest::prelude::*;

use super::*;
use crate::run::scope::payload_of;

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
    revive(&mut state, Timestamp::from_millis(9));
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

fn outcome_of(step: &str, input: Json) -> Outcome {
    let text = format!("{{name: n, triggers: [{{eventType: '*'}}], steps: [{step}]}}");
    let definition = Definition::parse(&text).unwrap();
    let mut state = RunState { input: Some(input.into()), ..RunState::default() };
    match next(&definition, &mut state, scope, Timestamp::from_millis(0)) {
        Next::Decided { outcome, .. } => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_delay_is_as_long_as_its_template_says() {
    let text =
        "{name: n, triggers: [{eventType: '*'}], steps: [{id: w, delay: {for: '${input.wait}'}}]}";
    let definition = Definition::parse(text).unwrap();
    let mut state = RunState { input: Some(json!({ "wait": "3s" }).into()), ..RunState::default() };
    let now = Timestamp::from_millis(0);
    let Next::Sleep { until } = next(&definition, &mut state, scope, now) else { panic!() };
    assert_eq!(until.millis(), 3_000);
    let Next::Decided { outcome, .. } = next(&definition, &mut state, scope, until) else {
        panic!()
    };
    assert_eq!(outcome, Outcome::Succeeded(json!({ "until": until })));

    let step = "{id: w, delay: {for: '${input.wait}'}}";
    for (input, says) in [
        (json!({ "wait": "soon" }), "for: `soon` is not a duration"),
        (json!({ "wait": 3 }), "for: `3` is not a duration"),
        (json!({}), "for: no such field `wait`"),
    ] {
        let Outcome::Failed(failure) = outcome_of(step, input) else { panic!("{says}") };
        assert!(failure.permanent && failure.message.starts_with(says), "{failure:?}");
    }
}

#[test]
fn what_makes_too_much_fails_for_good() {
    let step = "{id: s, transform: '${input.a.map(x, input.a.map(y, input.a.map(z, z)))}'}";
    let input = json!({ "a": (0..1_000).collect::<Vec<_>>() });
    let Outcome::Failed(failure) = outcome_of(step, input.clone()) else { panic!() };
    assert!(failure.permanent && failure.message.starts_with("transform: it takes too many steps"));

    let when = "input.a.all(x, input.a.all(y, input.a.all(z, z >= 0)))";
    let Outcome::Failed(failure) =
        outcome_of(&format!("{{id: s, transform: 1, when: '{when}'}}"), input)
    else {
        panic!("it is not left out unseen")
    };
    assert!(failure.permanent && failure.message.starts_with("when: it takes too many steps"));

    let mut state = RunState::default();
    let large = json!("0".repeat(8 << 20));
    assert_eq!(kept(&state, Outcome::Succeeded(json!(1))), Outcome::Succeeded(json!(1)));
    for step in ["a", "b"] {
        state.steps.insert(step.into(), json!({ "output": large }));
    }
    let Outcome::Failed(failure) = kept(&state, Outcome::Succeeded(json!(1))) else { panic!() };
    assert!(failure.permanent && failure.message.contains("more than 16 MiB"), "{failure:?}");
}

#[test]
fn a_payload_that_no_value_can_hold_fails_the_run_at_its_start() {
    for trigger in ["{eventType: '*'}", "{eventType: '*', input: {id: '${event.id}'}}"] {
        let text = format!("{{name: n, triggers: [{trigger}], steps: [{{id: s, transform: 1}}]}}");
        let trigger = &Definition::parse(&text).unwrap().triggers[0];
        for payload in [r#"{"data":1e400}"#, r#""\ud83d""#] {
            let scope = Scope::default().with("event", json!({ "id": "evt_1" }));
            let failure = begin(trigger, &scope, payload_of(payload)).unwrap_err();
            assert!(
                failure.permanent && failure.message.starts_with("the payload cannot be read: ")
            );
        }
        let scope = Scope::default().with("event", json!({ "id": "evt_1", "payload": null }));
        assert!(begin(trigger, &scope, payload_of("null")).is_ok());
    }
}
