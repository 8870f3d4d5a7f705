//! The secrets of a source: how many count, a new one, the end of the old one.

use leptos::prelude::*;

use crate::{
    api::{EndOldSecrets, RotateSource},
    model::SourceView,
    pages::sources::{form::SecretField, provider::Provider},
    ui::{CallForm, Confirm, Day, ForOperators, Notice, Refusal, announce},
};

#[component]
pub fn Secrets(source: SourceView, provider: Option<Provider>) -> AnyView {
    let two = source.secrets > 1;
    let name = source.name;
    view! {
        <h3>"Secrets" <span>{if two { "2 in force" } else { "1 in force" }}</span></h3>
        <ul class="secrets">
            <li>
                <span class="s on">"Newest"</span>
                <span class="dim">"since " <Day at=source.updated_at /></span>
            </li>
            {two.then(|| view! { <OldSecret name=name.clone() /> })}
        </ul>
        {provider.map(|provider| view! { <Rotation name provider two /> })}
    }
    .into_any()
}

#[component]
fn OldSecret(name: String) -> AnyView {
    let end = ServerAction::<EndOldSecrets>::new();
    announce(end, |()| Notice::done("Only the newest secret counts now."));
    view! {
        <li>
            <span class="s waiting">"The one before"</span>
            <span class="dim">"still counts"</span>
            <ForOperators>
                <Confirm
                    id="end-old-secret"
                    label="End it"
                    title="End the secret before the newest?"
                    text="Deliveries that the provider still signs with it go to quarantine. Do this once the \
                          provider signs with the newest."
                >
                    <CallForm action=end class="inline">
                        <input type="hidden" name="name" value=name />
                        <button class="btn danger">"End old secret"</button>
                    </CallForm>
                </Confirm>
            </ForOperators>
        </li>
    }
    .into_any()
}

#[component]
fn Rotation(name: String, provider: Provider, two: bool) -> AnyView {
    let rotate = ServerAction::<RotateSource>::new();
    announce(rotate, |()| Notice::done("The new secret counts, beside the one before it."));
    let story = match two {
        true => "A new secret counts beside the newest; the one before ends with it.",
        false => {
            "A new secret counts beside this one, so that nothing is lost while the provider changes over."
        }
    };
    view! {
        <ForOperators>
            <details class="rotation">
                <summary class="btn">"Rotate"</summary>
                <p class="dim">{story}</p>
                <CallForm action=rotate class="form">
                    <Refusal action=rotate />
                    <input type="hidden" name="name" value=name />
                    <SecretField provider label="New secret" />
                    <div class="row">
                        <button class="btn main" disabled=rotate.pending()>
                            "Put in force"
                        </button>
                    </div>
                </CallForm>
            </details>
        </ForOperators>
    }
    .into_any()
}
