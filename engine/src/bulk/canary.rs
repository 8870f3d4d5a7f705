//! Whether to go on after the first few. Pure.

use super::Phase;
use crate::event::EventStatus;

/// How many events of the last phase go in one transaction: enough to be quick, few enough that
/// events coming in do not wait for it.
const BATCH: usize = 32;

/// How many events go at once.
pub(crate) fn allowance(phase: Phase) -> usize {
    match phase {
        Phase::One => 1,
        Phase::Ten => 10,
        Phase::Rest => BATCH,
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Some have not settled yet.
    Wait,
    GoOn(Phase),
    Stop(String),
}

/// What the events of a phase say, as they stand now.
pub(crate) fn verdict(phase: Phase, statuses: &[EventStatus]) -> Verdict {
    let failed = statuses.iter().filter(|status| **status == EventStatus::Failed).count();
    let open =
        |status: &EventStatus| matches!(status, EventStatus::Pending | EventStatus::Processing);
    match phase {
        Phase::One if failed > 0 => Verdict::Stop("the first event failed again".into()),
        Phase::Ten if failed * 2 > statuses.len() => {
            let count = statuses.len();
            Verdict::Stop(format!("{failed} of the next {count} events failed again"))
        }
        _ if statuses.iter().any(open) => Verdict::Wait,
        Phase::One => Verdict::GoOn(Phase::Ten),
        Phase::Ten | Phase::Rest => Verdict::GoOn(Phase::Rest),
    }
}

#[cfg(test)]
mod tests {
    use super::EventStatus::{Failed, Pending, Processed, Processing};
    use super::*;

    #[test]
    fn the_first_one_decides_alone() {
        assert_eq!(verdict(Phase::One, &[Processing]), Verdict::Wait);
        assert_eq!(verdict(Phase::One, &[Processed]), Verdict::GoOn(Phase::Ten));
        assert!(matches!(verdict(Phase::One, &[Failed]), Verdict::Stop(_)));
        assert_eq!(verdict(Phase::One, &[]), Verdict::GoOn(Phase::Ten), "it was deleted");
    }

    #[test]
    fn of_ten_more_than_half_must_hold() {
        let mut ten = [Processed; 10];
        ten[..5].fill(Failed);
        assert_eq!(verdict(Phase::Ten, &ten), Verdict::GoOn(Phase::Rest));
        ten[9] = Pending;
        assert_eq!(verdict(Phase::Ten, &ten), Verdict::Wait);
        ten[5] = Failed;
        let stop = Verdict::Stop("6 of the next 10 events failed again".into());
        assert_eq!(verdict(Phase::Ten, &ten), stop, "the last one changes nothing");
    }
}
