//! Circuits open, let one probe through, and close.

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A host that has just failed too often; it may be tried at `SHORTEST_REST`.
fn opened() -> Breakers {
    let breakers = Breakers::default();
    for _ in 0..FAILURES {
        breakers.ask("h", at(0)).unwrap_or_else(|_| panic!("closed")).ended(Seen::Failing, at(0));
    }
    breakers
}

fn held(breakers: &Breakers, now: i64) -> Option<Hold> {
    breakers.ask("h", at(now)).err()
}

fn waits(breakers: &Breakers, now: i64) -> Option<i64> {
    held(breakers, now).map(|hold| hold.until.millis())
}

#[test]
fn failures_in_a_row_open_the_circuit_of_their_host_alone() {
    let breakers = opened();
    assert_eq!(waits(&breakers, 0), Some(SHORTEST_REST));
    assert!(breakers.ask("other", at(0)).is_ok());
    let breakers = Breakers::default();
    for failure in 0..3 * FAILURES {
        let seen = if failure % 5 == 0 { Seen::Answering } else { Seen::Failing };
        breakers.ask("h", at(0)).unwrap_or_else(|_| panic!("closed")).ended(seen, at(0));
    }
    let breakers = Breakers::default();
    for failure in 0..3 * FAILURES {
        let now = at(i64::from(failure) * (WINDOW / 5));
        breakers.ask("h", now).unwrap_or_else(|_| panic!("closed")).ended(Seen::Failing, now);
    }
}

#[test]
fn one_probe_at_a_time_decides() {
    let breakers = opened();
    let probe = breakers.ask("h", at(SHORTEST_REST)).unwrap_or_else(|_| panic!("a probe"));
    for _ in 0..100 {
        assert!(waits(&breakers, SHORTEST_REST).is_some());
    }
    probe.ended(Seen::Failing, at(2_000));
    let after = waits(&breakers, 2_000 + 2 * SHORTEST_REST - 1).unwrap_or_default();
    assert!(after >= 2_000 + 2 * SHORTEST_REST, "the rest is twice as long: {after}");
    let probe = breakers.ask("h", at(10_000)).unwrap_or_else(|_| panic!("a probe"));
    drop(probe);
    let probe = breakers.ask("h", at(10_000)).unwrap_or_else(|_| panic!("the next probe"));
    probe.ended(Seen::Answering, at(10_001));
    assert!((0..MOST_CALLS).all(|_| breakers.ask("h", at(10_001)).is_ok()), "closed again");
}

#[test]
fn those_who_wait_look_again_one_after_the_other() {
    let breakers = opened();
    let turns: Vec<_> = (0..1_000).filter_map(|_| waits(&breakers, 0)).collect();
    assert!(turns.windows(2).all(|pair| pair[1] - pair[0] == SPACING));
    assert_eq!((turns.len(), turns[0]), (1_000, SHORTEST_REST));
    let breakers = opened();
    let spread: Vec<_> = (0..9).filter_map(|_| held(&breakers, 100)).map(|it| it.spread).collect();
    assert_eq!(spread, (0..9).map(|place| place * SPACING).collect::<Vec<_>>());
    assert_eq!(held(&breakers, 500).map(|it| it.spread), Some(0), "who comes alone waits for none");
}

#[test]
fn a_host_is_left_alone_for_as_long_as_it_asks() {
    let breakers = Breakers::default();
    let ask = |now| breakers.ask("h", at(now)).unwrap_or_else(|_| panic!("may call"));
    let (first, late) = (ask(0), ask(0));
    first.ended(Seen::Asking(Duration::from_secs(30)), at(10));
    let hold = held(&breakers, 20).unwrap();
    assert_eq!((hold.why, hold.until.millis(), hold.since.millis()), (Why::Asked, 30_010, 10));
    late.ended(Seen::Asking(Duration::from_secs(9_999_999)), at(30));
    assert_eq!(waits(&breakers, 40), Some(3_600_030), "and for an hour at most");
    let probe = ask(3_600_030);
    assert!(held(&breakers, 3_600_030).is_some(), "one goes first");
    probe.ended(Seen::Asking(Duration::from_secs(2)), at(3_600_100));
    assert!(waits(&breakers, 3_602_000) >= Some(3_602_100));
    ask(3_602_100).ended(Seen::Answering, at(3_602_200));
    assert!(waits(&breakers, 3_602_200).is_none());
}

#[test]
fn who_may_not_call_is_told_why_and_since_when() {
    let hold = held(&opened(), 500).unwrap();
    assert_eq!((hold.why, hold.since.millis()), (Why::Failing, 0));
    let full = Breakers::default();
    let _calls: Vec<_> = (0..MOST_CALLS).filter_map(|_| full.ask("h", at(0)).ok()).collect();
    assert_eq!(held(&full, 0).map(|hold| hold.why), Some(Why::Full));
}

#[test]
fn a_slow_host_keeps_its_share_only() {
    let breakers = Breakers::default();
    let ask = || breakers.ask("h", at(0));
    let mut under_way: Vec<_> = (0..MOST_CALLS).filter_map(|_| ask().ok()).collect();
    assert_eq!(under_way.len(), MOST_CALLS);
    assert!(ask().is_err() && breakers.ask("other", at(0)).is_ok());
    under_way.pop();
    assert!(ask().is_ok());
}

#[test]
fn late_answers_of_an_open_circuit_change_nothing() {
    let breakers = Breakers::default();
    let late: Vec<_> = (0..2 * FAILURES).filter_map(|_| breakers.ask("h", at(0)).ok()).collect();
    late.into_iter().for_each(|pass| pass.ended(Seen::Failing, at(5)));
    assert_eq!(waits(&breakers, 5), Some(5 + SHORTEST_REST));
}

#[test]
fn who_makes_no_call_now_waits_as_if_it_had_asked_and_never_is_the_probe() {
    let breakers = Breakers::default();
    assert_eq!(breakers.held("h", at(0)), None, "nobody has called it");
    assert!(!breakers.is_any_open());
    let breakers = opened();
    assert!(breakers.is_any_open());
    let until = |now| breakers.held("h", at(now)).map(|hold| hold.until.millis());
    assert_eq!(until(0), Some(SHORTEST_REST));
    assert_eq!(waits(&breakers, 0), Some(SHORTEST_REST + SPACING), "in one line");
    assert_eq!(until(SHORTEST_REST), None, "this one may try");
    let probe = breakers.ask("h", at(SHORTEST_REST)).unwrap_or_else(|_| panic!("the probe"));
    assert_eq!(until(SHORTEST_REST), Some(SHORTEST_REST + PROBING));
    probe.ended(Seen::Answering, at(SHORTEST_REST));
    assert_eq!(until(SHORTEST_REST), None);
    assert!(!breakers.is_any_open());
}
