//! Why each trigger did or did not match the event, by the workflows in force now.

use leptos::prelude::*;

use crate::model::WhyLine;

#[component]
pub fn Why(why: Vec<WhyLine>) -> AnyView {
    if why.is_empty() {
        return ().into_any();
    }
    let matched = why.iter().filter(|it| it.matched).count();
    let counted = format!("{matched} of {} match", why.len());
    // Most triggers are for other events; they are named last, and folded.
    let (others, near): (Vec<_>, Vec<_>) = why.into_iter().partition(|it| it.elsewhere);
    let near: Vec<_> = near.into_iter().map(verdict).collect();
    let count = others.len();
    let others: Vec<_> = others.into_iter().map(verdict).collect();
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

fn verdict(it: WhyLine) -> AnyView {
    let class = if it.matched { "s on" } else { "s off" };
    let href = format!("/workflows/{}", it.workflow_id);
    view! {
        <li>
            <a class="ref" href=href>
                {it.workflow}
            </a>
            " "
            <span class="m">{it.event_type}</span>
            " "
            <span class=class>{it.says}</span>
        </li>
    }
    .into_any()
}
