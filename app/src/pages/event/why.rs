//! Why each trigger did or did not match the event, by the workflows in force now.

use leptos::prelude::*;

use crate::model::{Explained, Reason};

#[component]
pub fn Why(why: Vec<Explained>) -> AnyView {
    if why.is_empty() {
        return ().into_any();
    }
    let matched = why.iter().filter(|it| it.matched).count();
    let counted = format!("{matched} of {} match", why.len());
    // Most triggers are for other events; they are named last, and folded.
    let (others, near): (Vec<_>, Vec<_>) =
        why.into_iter().partition(|it| it.reason == Reason::EventType);
    let row = |it: Explained| view! { <Verdict it /> };
    let near: Vec<_> = near.into_iter().map(row).collect();
    let count = others.len();
    let others: Vec<_> = others.into_iter().map(row).collect();
    view! {
        <section class="pane" aria-labelledby="why">
            <h3 id="why">"Triggers" <span>{counted}</span></h3>
            <ul class="verdicts">{near}</ul>
            {(count > 0)
                .then(|| {
                    view! {
                        <details>
                            <summary>{format!("{count} for other event types")}</summary>
                            <ul class="verdicts">{others}</ul>
                        </details>
                    }
                })}
        </section>
    }
    .into_any()
}

#[component]
fn Verdict(it: Explained) -> AnyView {
    let (class, says) = match it.reason {
        Reason::Matched => ("s on", "matches".to_owned()),
        Reason::Disabled => ("s off", "is turned off".to_owned()),
        Reason::CreatedLater => ("s off", "was made after the event had come".to_owned()),
        Reason::EventType => ("s off", "is for other types".to_owned()),
        Reason::Filter => {
            let clause = it.clause.clone().unwrap_or_default();
            let saw = it.saw.as_ref();
            let saw = saw.map(|saw| format!(": {} is {}", saw.expression, saw.told()));
            ("s off", format!("{clause} is not true{}", saw.unwrap_or_default()))
        }
    };
    let href = format!("/workflows/{}", it.workflow.id);
    view! {
        <li>
            <a class="ref" href=href>
                {it.workflow.name}
            </a>
            " "
            <span class="m">{it.event_type}</span>
            " "
            <span class=class>{says}</span>
        </li>
    }
    .into_any()
}
