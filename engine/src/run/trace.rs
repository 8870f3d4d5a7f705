//! The trace that an event belongs to (W3C Trace Context), handed on with outgoing calls, so that both
//! ends of an event are seen as one.
//!
//! Where nobody records spans the header goes on as it came, as the specification asks of those who
//! do not take part.

use std::sync::{Arc, OnceLock};

use tracing::Span;

use crate::event::Headers;
use crate::id::RunId;

/// Headers of a trace by their names, `traceparent` first.
pub type Context = Vec<(&'static str, String)>;

/// A stretch of work that is recorded.
#[derive(Debug, Clone, Copy)]
pub enum Work<'w> {
    /// What a node does for a run, from taking it up until it ends or waits.
    Run { workflow: &'w str },
    /// A call that a step of the run makes.
    Attempt { step: &'w str },
}

/// Who records spans; set once by whoever starts the engine.
pub trait Tracer: Send + Sync + 'static {
    /// Begins the span of some work on `run` within the trace `of`, and gives the headers that carry it on.
    fn begin(&self, of: &Context, run: RunId, work: Work<'_>) -> (Span, Context);
}

/// The tracer, if there is one.
#[derive(Clone, Default)]
pub struct Tracing(Arc<OnceLock<Box<dyn Tracer>>>);

impl Tracing {
    /// The first one stays.
    pub fn set(&self, tracer: impl Tracer) {
        let _there_is_one = self.0.set(Box::new(tracer));
    }

    pub(crate) fn begin(&self, of: Context, run: RunId, work: Work<'_>) -> (Span, Context) {
        match self.0.get() {
            Some(tracer) => tracer.begin(&of, run, work),
            None => (Span::none(), of),
        }
    }
}

/// `traceparent` and `tracestate` among the headers of an event; nothing when the first is not valid.
pub(crate) fn context(headers: &Headers) -> Context {
    let Some(parent) = headers.get("traceparent").filter(|parent| is_valid(parent)) else {
        return Vec::new();
    };
    let state = headers.get("tracestate").map(|state| ("tracestate", state));
    [("traceparent", parent)].into_iter().chain(state).collect()
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zeros; later versions may have more at the end.
fn is_valid(parent: &str) -> bool {
    let mut parts = parent.split('-');
    let mut hex = |length: usize| {
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        parts.next().filter(|part| part.len() == length && part.bytes().all(lower))
    };
    let (Some(version), Some(trace), Some(span), Some(_)) = (hex(2), hex(32), hex(16), hex(2))
    else {
        return false;
    };
    let is_something = |id: &str| id.bytes().any(|byte| byte != b'0');
    let ends = parts.next().is_none() || version != "00";
    version != "ff" && is_something(trace) && is_something(span) && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_a_trace_that_is_one_is_handed_on() {
        let state = ("tracestate", "a=1");
        let headers = |parent: &str| Headers::masked([("traceparent", parent), state]);
        let handed_on = [("traceparent", PARENT.to_owned()), ("tracestate", "a=1".to_owned())];
        assert_eq!(context(&headers(PARENT)), handed_on);
        let zeros = PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        for bad in ["", "00-1-2-3", &PARENT.to_uppercase(), &format!("{PARENT}-more"), &zeros] {
            assert!(context(&headers(bad)).is_empty(), "{bad}");
        }
        assert!(
            context(&Headers::masked([state])).is_empty(),
            "a state is nothing without its trace"
        );
    }
}
