//! The stream as it was left for another page, for whoever goes back to it.

use leptos::prelude::*;

use super::{rows::Rows, window::Sight};
use crate::model::EventFilter;

/// How many lists are kept: with many filters, those that were left last.
const MOST: usize = 3;

/// A list as it was left.
pub struct Left {
    pub filter: EventFilter,
    pub rows: Rows,
    pub follow: bool,
    pub sight: Sight,
}

/// Lives as long as the tab.
#[derive(Clone, Copy)]
pub struct Kept {
    lists: StoredValue<Lists>,
    /// The stream is there because somebody went back to it, and not by a link.
    back: StoredValue<bool>,
}

impl Kept {
    /// To be called before the router is there, which draws the page as soon as it hears of the way back.
    pub fn provide() {
        let kept =
            Self { lists: StoredValue::new(Lists::default()), back: StoredValue::new(false) };
        provide_context(kept);
        #[cfg(feature = "hydrate")]
        {
            let listener = window_event_listener(leptos::ev::popstate, move |_| {
                let path = window().location().pathname();
                kept.back.set_value(path.is_ok_and(|path| path == "/"));
            });
            on_cleanup(move || listener.remove());
        }
    }

    pub fn leave(self, left: Left) {
        self.lists.update_value(|lists| lists.put(left));
    }

    /// What was left under this filter, if somebody went back to it. Whoever comes by a link wants the newest.
    pub fn come_back(self, filter: &EventFilter) -> Option<Left> {
        let back = self.back.get_value();
        self.back.set_value(false);
        let left = self.lists.try_update_value(|lists| lists.take(filter)).flatten();
        left.filter(|_| back)
    }
}

/// At most one for each filter, the last one last.
#[derive(Default)]
struct Lists(Vec<Left>);

impl Lists {
    fn put(&mut self, left: Left) {
        self.0.retain(|other| other.filter != left.filter);
        self.0.push(left);
        let over = self.0.len().saturating_sub(MOST);
        self.0.drain(..over);
    }

    fn take(&mut self, filter: &EventFilter) -> Option<Left> {
        let at = self.0.iter().position(|left| left.filter == *filter)?;
        Some(self.0.remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Page;

    fn of(source: &str) -> EventFilter {
        EventFilter { source: Some(source.to_owned()), ..EventFilter::default() }
    }

    fn left(source: &str, top: i32) -> Left {
        let sight = Sight { top, ..Sight::default() };
        Left { filter: of(source), rows: Rows::of(Page::whole(Vec::new())), follow: true, sight }
    }

    #[test]
    fn a_list_is_found_once_under_its_own_filter() {
        let mut lists = Lists::default();
        lists.put(left("a", 1));
        lists.put(left("b", 2));
        lists.put(left("a", 3));
        let mut top = |source| lists.take(&of(source)).map(|left| left.sight.top);
        assert_eq!([top("a"), top("a"), top("b"), top("c")], [Some(3), None, Some(2), None]);
    }

    #[test]
    fn of_many_the_last_are_kept() {
        let mut lists = Lists::default();
        for source in ["a", "b", "c", "d"] {
            lists.put(left(source, 0));
        }
        assert_eq!(lists.0.len(), MOST);
        assert!(lists.take(&of("a")).is_none());
    }
}
