//! What the dead letters failed for: a hundred of one broken receiver are one thing to mend.

use leptos::prelude::*;

use super::{address, plan};
use crate::{
    model::{BulkAction, GroupView, LetterFilter},
    ui::{ForOperators, Moment},
};

/// `chosen` is the group that the list shows.
#[component]
pub fn Groups(groups: Vec<GroupView>, chosen: Option<String>) -> AnyView {
    if groups.is_empty() {
        return ().into_any();
    }
    let rows: Vec<_> = groups
        .into_iter()
        .map(|group| {
            let current = chosen.as_ref() == Some(&group.id);
            view! { <Group group current /> }
        })
        .collect();
    view! {
        <section aria-labelledby="groups-title">
            <h2 class="strip-title" id="groups-title">
                "What went wrong"
            </h2>
            <ul class="failures">{rows}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn Group(group: GroupView, current: bool) -> AnyView {
    let place = group.place();
    // A second click shows all again.
    let wanted = (!current).then(|| group.id.clone());
    let href = address(&LetterFilter { group: wanted, ..LetterFilter::default() }, None);
    let own = LetterFilter { group: Some(group.id.clone()), ..LetterFilter::default() };
    let ways: Vec<_> = [BulkAction::Retry, BulkAction::Resolve, BulkAction::Delete]
        .into_iter()
        .map(|action| {
            let label = format!("{} all: {}", action.label(), group.message);
            let risky = action == BulkAction::Delete;
            view! {
                <a
                    class="btn"
                    class:risky=risky
                    rel="external"
                    href=plan::of_all(action, &own)
                    aria-label=label
                >
                    {action.label()}
                </a>
            }
        })
        .collect();
    let count = match group.count {
        1 => "1 event".to_owned(),
        count => format!("{count} events"),
    };
    view! {
        <li data-group-id=group.id>
            <a class="failure" class:on=current href=href aria-current=current.then_some("true")>
                <span class="count">{count}</span>
                <span class="what">
                    <b>{group.message}</b>
                    <span class="dim">{place}</span>
                </span>
                <span class="seen m">
                    <Moment at=group.first_seen />
                    " – "
                    <Moment at=group.last_seen />
                </span>
            </a>
            <ForOperators>
                <div class="row">{ways}</div>
            </ForOperators>
        </li>
    }
    .into_any()
}
