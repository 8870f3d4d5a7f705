//! Alerts: the rules and how they stand, where they are told, and what was told.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::shown_once::ShownOnce;
use crate::{
    api::{DeleteAlert, DeleteChannel, MuteAlert, TestChannel, list_alerts},
    live::Live,
    model::{Alerts, Muted},
    ui::{Actions, Fetched, ForOperators, Header, NewLink, Notice, announce, undoable},
};

pub mod channels;
pub mod form;
pub mod history;
pub mod rules;

use channels::Channels;
use form::{ChannelForm, RuleForm};
use history::{Troubles, Turns};
use rules::Rules;

/// What can be done about alerts.
#[derive(Clone, Copy)]
pub struct Deeds {
    delete: ServerAction<DeleteAlert>,
    mute: ServerAction<MuteAlert>,
    delete_channel: ServerAction<DeleteChannel>,
    test_channel: ServerAction<TestChannel>,
}

fn told(Muted { name, length, .. }: &Muted) -> String {
    match length.as_str() {
        "" => format!("{name} is not muted any more."),
        // What was left of it when it was taken back is counted in milliseconds.
        left if left.ends_with("ms") => format!("{name} is muted again, as it was."),
        length => format!("{name} is muted for {length}."),
    }
}

/// It is muted for as long as it would have been, or speaks again.
fn back(Muted { id, before, .. }: Muted) -> MuteAlert {
    MuteAlert { id, length: before }
}

#[component]
pub fn AlertsPage() -> impl IntoView {
    let query = use_query_map();
    let field = move |name: &'static str| Memo::new(move |_| query.with(|query| query.get(name)));
    let (made, new) = (field("made"), field("new"));
    let done = expect_context::<Actions>().done;
    let live = expect_context::<Live>();
    // One changes when a rule takes a turn, the other when something happens that a rule may speak of.
    let pulse = Memo::new(move |_| {
        live.stats.get().map(|stats| (stats.alerts_firing, stats.counts.failed))
    });
    let alerts =
        Resource::new(move || (made.get(), done.get(), new.get(), pulse.get()), |_| list_alerts());
    let deeds = Deeds {
        delete: ServerAction::new(),
        mute: undoable(told, back),
        delete_channel: ServerAction::new(),
        test_channel: ServerAction::new(),
    };
    announce(deeds.delete, |()| Notice::done("The rule is gone; its history stays."));
    announce(deeds.delete_channel, |()| Notice::done("Nothing is told there any more."));
    announce(deeds.test_channel, |()| Notice::done("The test arrived."));
    // Outside of what is read again whenever the numbers change, or what is being typed would be lost.
    let form = move || match new.get().as_deref() {
        Some("rule") => Some(view! { <ForOperators><RuleForm /></ForOperators> }),
        Some("channel") => Some(view! { <ForOperators><ChannelForm /></ForOperators> }),
        _ => None,
    };
    view! {
        <Header title="Alerts" />
        <div class="scroll">
            <ShownOnce
                made
                title="The channel's secret"
                note="Whoever receives checks the messages' signatures with it. It is shown only now."
                back="/alerts"
            />
            {form}
            <Fetched from=alerts let:alerts>
                <All alerts new deeds />
            </Fetched>
        </div>
    }
}

#[component]
fn All(alerts: Alerts, new: Memo<Option<String>>, deeds: Deeds) -> AnyView {
    let Alerts { rules, channels, turns, troubles } = alerts;
    let wanted = Signal::derive(move || new.get().is_none());
    let names: Vec<_> = channels.iter().map(|one| (one.id.clone(), one.name.clone())).collect();
    let silent = channels.is_empty();
    view! {
        <div class="bar">
            <p class="dim">
                {if silent {
                    "Rules are read every 15 seconds. They are told nowhere yet: add a channel."
                } else {
                    "Rules are read every 15 seconds and told to every channel."
                }}
            </p>
            <NewLink wanted href="/alerts?new=rule" label="New rule" />
        </div>
        <Rules rules deeds />
        <div class="bar section-bar">
            <h2>"Channels"</h2>
            <NewLink wanted href="/alerts?new=channel" label="New channel" />
        </div>
        <Channels channels deeds />
        <Troubles troubles names />
        <Turns turns />
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_says_what_happened_and_its_undo_is_the_opposite() {
        let muted = |length: &str, before: &str| Muted {
            id: "alr_1".into(),
            name: "Orders fail".into(),
            length: length.into(),
            before: before.into(),
        };
        assert_eq!(told(&muted("8h", "")), "Orders fail is muted for 8h.");
        assert_eq!(told(&muted("", "")), "Orders fail is not muted any more.");
        assert_eq!(told(&muted("81ms", "")), "Orders fail is muted again, as it was.");
        assert_eq!(back(muted("8h", "")).length, "");
        assert_eq!(back(muted("", "3600000ms")).length, "3600000ms");
    }
}
