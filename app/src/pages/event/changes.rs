//! How the payload differs from the one of the event before of the same type; folded when it does not.

use leptos::prelude::*;

use crate::{
    model::{ChangeLine, Changes},
    ui::Moment,
};

#[component]
pub fn ChangeList(changes: Changes) -> AnyView {
    let Changes { event, at, lines, more } = changes;
    let count = lines.len() as u64 + u64::from(more);
    let differs = match count {
        0 => "The same payload as the one before".to_owned(),
        1 => "1 difference from the one before".to_owned(),
        count => format!("{count} differences from the one before"),
    };
    let rows: Vec<_> = lines.into_iter().map(line).collect();
    view! {
        <details class="changes" open=count != 0>
            <summary>{differs}</summary>
            <p class="dim">
                "The last event of this type was " <a class="ref" href=format!("/events/{event}")>
                    "received at "
                    <Moment at />
                </a>
            </p>
            <table class="m">
                <tbody>{rows}</tbody>
            </table>
            {(more > 0).then(|| view! { <p class="dim">{format!("and {more} more")}</p> })}
        </details>
    }
    .into_any()
}

fn line(line: ChangeLine) -> AnyView {
    let ChangeLine { path, before, after } = line;
    let how = match (&before, &after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    let path = if path.is_empty() { "the whole payload".to_owned() } else { path };
    view! {
        <tr>
            <th scope="row">{path}</th>
            <td class="how">{how}</td>
            <td>
                {before.map(|text| view! { <del>{text}</del> })} " "
                {after.map(|text| view! { <ins>{text}</ins> })}
            </td>
        </tr>
    }
    .into_any()
}
