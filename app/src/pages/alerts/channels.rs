//! Where alerts are told.

use leptos::prelude::*;

use super::Deeds;
use crate::{
    model::ChannelView,
    ui::{CallForm, Columns, Confirm, ForOperators},
};

#[component]
pub fn Channels(channels: Vec<ChannelView>, deeds: Deeds) -> AnyView {
    if channels.is_empty() {
        return view! {
            <p class="quiet-line dim">
                "None. A webhook, a Slack-compatible address or an email address can be told."
            </p>
        }
        .into_any();
    }
    let rows: Vec<_> =
        channels.into_iter().map(|channel| view! { <Row channel deeds /> }).collect();
    view! {
        <table class="plain">
            <Columns names=&["Name", "Kind", "Address"] acted=true />
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Row(channel: ChannelView, deeds: Deeds) -> AnyView {
    let ChannelView { id, name, kind, target, .. } = channel;
    let (to_test, title) = (id.clone(), format!("Delete {name}?"));
    view! {
            <tr>
                <td>
                    <b>{name}</b>
                </td>
                <td>{kind}</td>
                <td data-label="Address" class="m">
                    {target}
                </td>
                <td>
                    <div class="row end-row">
    <ForOperators>
                <CallForm action=deeds.test_channel class="inline">
                    <input type="hidden" name="id" value=to_test />
                    <button class="btn">"Send a test"</button>
                </CallForm>
                <Confirm
                    id=format!("delete-{id}")
                    label="Delete"
                    title
                    text="Nothing is told there any more, also not what is on its way."
                >
                    <CallForm action=deeds.delete_channel class="inline">
                        <input type="hidden" name="id" value=id />
                        <button class="btn danger">"Delete channel"</button>
                    </CallForm>
                </Confirm>
    </ForOperators>
    </div>
                </td>
            </tr>
        }
    .into_any()
}
