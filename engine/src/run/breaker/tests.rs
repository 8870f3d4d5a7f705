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

fn waits(breakers: &Breakers, now: i64) -> Option<i64> {
    breakers.ask("h", at(now)).err().map(Timestamp::millis)
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
