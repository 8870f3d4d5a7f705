//! A call at once, and then no more than one in half a second.
//!
//! Without it a burst of changes would start a fetch for each, and each would replace the one
//! before it until none came to an end.

use std::time::Duration;

use leptos::prelude::*;

const REST: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Resting,
    /// Called while resting.
    Wanted,
}

/// Ends with the owner that made it.
#[derive(Clone, Copy)]
pub struct Pace<F: Copy> {
    call: F,
    state: StoredValue<State>,
}

impl<F: Fn() + Copy + 'static> Pace<F> {
    pub fn new(call: F) -> Self {
        Self { call, state: StoredValue::new(State::Ready) }
    }

    pub fn call(self) {
        match self.state.try_get_value() {
            Some(State::Ready) => self.run(),
            Some(_) => self.state.set_value(State::Wanted),
            None => {}
        }
    }

    fn run(self) {
        self.state.set_value(State::Resting);
        (self.call)();
        set_timeout(move || self.rested(), REST);
    }

    fn rested(self) {
        match self.state.try_get_value() {
            Some(State::Wanted) => self.run(),
            Some(_) => self.state.set_value(State::Ready),
            None => {}
        }
    }
}
