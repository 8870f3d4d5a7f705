//! What a step sent, and what it was answered.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::{
    model::{StepRequest, StepResponse},
    ui::JsonView,
};

#[component]
pub fn Exchange(request: StepRequest, response: Option<StepResponse>) -> AnyView {
    let line = format!("{} {}", request.method, request.url);
    view! {
        <details class="exchange">
            <summary class="m">{line}</summary>
            <div class="sides">
                <div>
                    <h4>"Request"</h4>
                    <HeaderLines headers=request.headers />
                    <Body text=request.body truncated=request.truncated />
                </div>
                <div>
                    <h4>"Answer"</h4>
                    {match response {
                        Some(response) => view! { <Answer response /> }.into_any(),
                        None => view! { <p class="dim">"None came."</p> }.into_any(),
                    }}
                </div>
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn Answer(response: StepResponse) -> impl IntoView {
    view! {
        {(!response.redirects.is_empty())
            .then(|| view! { <p class="dim">"Redirected to " {response.redirects.join(", ")}</p> })}
        <p>"HTTP " {response.status}</p>
        <HeaderLines headers=response.headers />
        <Body text=response.body truncated=response.truncated />
    }
}

#[component]
fn Body(text: Option<String>, truncated: bool) -> impl IntoView {
    let cut = truncated && text.is_some();
    view! {
        {text.map(|text| view! { <JsonView text /> })}
        {cut.then(|| view! { <p class="dim">"The rest was not kept."</p> })}
    }
}

#[component]
pub fn HeaderLines(headers: BTreeMap<String, String>) -> impl IntoView {
    let lines: Vec<_> = headers
        .into_iter()
        .map(|(name, value)| {
            view! {
                <dt>{name}</dt>
                <dd>{value}</dd>
            }
        })
        .collect();
    view! { <dl class="headers">{lines}</dl> }
}
