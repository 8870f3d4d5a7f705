//! What became of the event, turn by turn.

use leptos::prelude::*;

use crate::{model::Turn, ui::Moment};

#[component]
pub fn Turns(turns: Vec<Turn>) -> AnyView {
    let lines: Vec<_> = turns.into_iter().map(line).collect();
    view! {
        <h3 id="history">"History"</h3>
        <ol class="turns" aria-labelledby="history">
            {lines}
        </ol>
    }
    .into_any()
}

fn line(turn: Turn) -> AnyView {
    let Turn { at, status, says, event } = turn;
    let says = match event {
        Some(id) => view! {
            <a class="ref" href=format!("/events/{id}")>
                {says}
            </a>
        }
        .into_any(),
        None => says.into_any(),
    };
    view! {
        <li class=status>
            <Moment at />
            <span>{says}</span>
        </li>
    }
    .into_any()
}
