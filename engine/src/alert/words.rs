//! A condition in words: what it waits for, and what it has found.

use super::Condition;

impl Condition {
    /// When it fires, such as `more than 10 events of type order.* fail within 15m`.
    pub fn says(&self) -> String {
        let of = self.of();
        match self {
            Self::FailedEvents { over, window, .. } => {
                format!("more than {over} events{of} fail within {window}")
            }
            Self::FailureRate { over_percent, at_least, window, .. } => format!(
                "more than {over_percent} % of at least {at_least} events{of} fail within {window}"
            ),
            Self::DeadLetters { over } => format!("more than {over} dead letters wait"),
            Self::Latency { percentile, over, window } => {
                format!("p{percentile} of settling is more than {over} within {window}")
            }
            Self::Absence { window, .. } => format!("no event{of} comes within {window}"),
            Self::SchemaDrift { window, .. } => {
                format!("the payloads of events{of} change their shape within {window}")
            }
            Self::Rejected { over, window, .. } => {
                format!("more than {over} deliveries{of} are not believed within {window}")
            }
        }
    }

    /// What it has read.
    pub(super) fn found(&self, value: f64) -> String {
        let of = self.of();
        match self {
            Self::FailedEvents { over, window, .. } => {
                format!("{value} events{of} failed within {window}, more than {over}")
            }
            Self::FailureRate { over_percent, window, .. } => format!(
                "{value:.1} % of the events{of} failed within {window}, more than {over_percent} %"
            ),
            Self::DeadLetters { over } => format!("{value} dead letters wait, more than {over}"),
            Self::Latency { percentile, over, window } => format!(
                "p{percentile} of settling was {:.1} s within {window}, more than {over}",
                value / 1_000.0
            ),
            Self::Absence { window, .. } => format!("no event{of} came within {window}"),
            Self::SchemaDrift { window, .. } => {
                format!(
                    "the payloads of events{of} changed their shape {value} times within {window}"
                )
            }
            Self::Rejected { over, window, .. } => {
                format!(
                    "{value} deliveries{of} were not believed within {window}, more than {over}"
                )
            }
        }
    }

    /// Which events or deliveries, where not all.
    fn of(&self) -> String {
        let (event_type, source) = match self {
            Self::FailedEvents { event_type, source, .. }
            | Self::FailureRate { event_type, source, .. }
            | Self::Absence { event_type, source, .. } => (event_type.as_ref(), source.as_ref()),
            Self::SchemaDrift { event_type, .. } => (event_type.as_ref(), None),
            Self::Rejected { source, .. } => (None, source.as_ref()),
            Self::DeadLetters { .. } | Self::Latency { .. } => (None, None),
        };
        let event_type = event_type.map(|name| format!(" of type {name}")).unwrap_or_default();
        event_type + &source.map(|name| format!(" from {name}")).unwrap_or_default()
    }
}
