//! What rules did, and what did not arrive.

use leptos::prelude::*;

use crate::{
    model::{AlertMessageView, AlertTurnView},
    ui::{Columns, Moment},
};

#[component]
pub fn Turns(turns: Vec<AlertTurnView>) -> AnyView {
    let rows: Vec<_> = turns
        .into_iter()
        .map(|turn| {
            let state = if turn.turn == "resolves" { "s processed" } else { "s failed" };
            view! {
                <tr>
                    <td>
                        <Moment at=turn.at />
                    </td>
                    <td>
                        <span class=state>{turn.turn}</span>
                    </td>
                    <td>{turn.message}</td>
                </tr>
            }
        })
        .collect();
    let none = rows.is_empty();
    view! {
        <div class="bar section-bar">
            <h2>"History"</h2>
        </div>
        {if none {
            view! { <p class="quiet-line dim">"No rule has fired yet."</p> }.into_any()
        } else {
            view! {
                <table class="plain">
                    <Columns names=&["When", "What", "Told"] />
                    <tbody>{rows}</tbody>
                </table>
            }
                .into_any()
        }}
    }
    .into_any()
}

/// `names` are channels by their ids.
#[component]
pub fn Troubles(troubles: Vec<AlertMessageView>, names: Vec<(String, String)>) -> AnyView {
    if troubles.is_empty() {
        return ().into_any();
    }
    let name = |id: &str| {
        let found = names.iter().find(|(known, _)| known == id);
        found.map_or_else(|| id.to_owned(), |(_, name)| name.clone())
    };
    let rows: Vec<_> = troubles
        .into_iter()
        .map(|message| {
            let again = match (message.status.as_str(), message.due_at) {
                ("waiting", Some(at)) => view! { "tried again at " <Moment at /> }.into_any(),
                ("delivered", _) => view! { "it arrived since" }.into_any(),
                _ => view! { "given up" }.into_any(),
            };
            view! {
                <tr>
                    <td>
                        <Moment at=message.created_at />
                    </td>
                    <td>
                        <b>{name(&message.channel_id)}</b>
                    </td>
                    <td>
                        {message.error}
                        <div class="dim">
                            {message.attempts} " attempts, " {again}
                        </div>
                    </td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="bar section-bar">
            <h2>"Did not arrive"</h2>
        </div>
        <table class="plain">
            <Columns names=&["From", "Channel", "Why"] />
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
