//! The editor's workbench: form and text side by side, and saving.

use leptos::prelude::*;

use super::backtest::Trials;
use super::form::Form;
use super::preview::Preview;
use super::problems::Problems;
use super::text::Text;
use crate::{
    api::SaveWorkflow,
    model::{AppliedResult, AppliedView, EditorStart, SaveAnswer},
    ui::{CallForm, ForOperators, Notice, Notices},
};

#[component]
pub fn Bench(start: EditorStart) -> AnyView {
    let text = Text::new(&start);
    let EditorStart { id, version, moved, refused, event_types, events, .. } = start;
    let expected = RwSignal::new(version);
    let moved = RwSignal::new(moved);
    let refused = RwSignal::new(refused);
    let save = ServerAction::<SaveWorkflow>::new();
    let notices = expect_context::<Notices>();
    Effect::new(move |_| match save.value().get() {
        None => {}
        Some(Err(error)) => notices.show(Notice::failed(&error)),
        Some(Ok(answer)) => {
            moved.set(None);
            refused.set(None);
            match answer {
                SaveAnswer::Saved(saved) => {
                    text.draft.drop();
                    notices.show(Notice::done(said(&saved)).carried());
                }
                SaveAnswer::Wrong(problems) => text.problems.set(problems),
                SaveAnswer::Moved(version) => moved.set(Some(version)),
                SaveAnswer::Refused(reason) => refused.set(Some(reason)),
            }
        }
    });
    Effect::new(move |_| text.draft.look(&text.yaml.get_untracked()));
    let (own, named) = (id.clone(), id.clone());
    let back = if id.is_empty() { "/workflows".to_owned() } else { format!("/workflows/{id}") };
    view! {
        <div class="bench">
            <Found text />
            <Moved moved expected id=named />
            {move || {
                refused.get().map(|reason| view! { <p class="err" role="alert">{reason}</p> })
            }}
            <CallForm action=save class="bench-text">
                <input type="hidden" name="id" value=own />
                <input type="hidden" name="expected" value=version prop:value=move || expected.get() />
                <label class="field" for="definition">
                    <span>"YAML"</span>
                </label>
                <textarea
                    id="definition"
                    name="definition"
                    class="m"
                    rows="22"
                    spellcheck="false"
                    autocomplete="off"
                    prop:value=move || text.yaml.get()
                    on:input=move |event| text.typed(event_target_value(&event))
                >
                    {text.yaml.get_untracked()}
                </textarea>
                <Problems text />
                <div class="row">
                    <ForOperators>
                        <button class="btn main" disabled=move || save.pending().get()>
                            "Save"
                        </button>
                    </ForOperators>
                    <a class="btn" href=back>
                        "Cancel"
                    </a>
                </div>
            </CallForm>
            <div class="bench-form needs-script">
                <Form text event_types />
            </div>
            <div class="bench-side">
                <Preview text events />
                <Trials text id />
            </div>
        </div>
    }
    .into_any()
}

fn said(saved: &AppliedView) -> String {
    let version = saved.workflow.as_ref().map_or(0, |workflow| workflow.version);
    match saved.result {
        AppliedResult::Created => "Saved: events that match start it from now on.".to_owned(),
        AppliedResult::Unchanged => format!("Nothing has changed: it stays at version {version}."),
        AppliedResult::Updated => {
            format!("Saved as version {version}: {}.", saved.changes.join(", "))
        }
    }
}

/// Work from before that was never saved.
#[component]
fn Found(text: Text) -> impl IntoView {
    let found = text.draft.found;
    let restore = move |_| {
        if let Some(draft) = found.get_untracked() {
            found.set(None);
            text.typed(draft);
        }
    };
    move || {
        found.get().map(|_| {
            view! {
                <div class="note row" role="status">
                    <span>"There is unsaved work from before."</span>
                    <button type="button" class="btn" on:click=restore>
                        "Restore draft"
                    </button>
                    <button type="button" class="btn" on:click=move |_| text.draft.drop()>
                        "Discard draft"
                    </button>
                </div>
            }
        })
    }
}

/// Somebody else has saved meanwhile.
#[component]
fn Moved(moved: RwSignal<Option<u32>>, expected: RwSignal<u32>, id: String) -> impl IntoView {
    move || {
        moved.get().map(|version| {
            let take = move |_| {
                expected.set(version);
                moved.set(None);
            };
            let href = format!("/workflows/{id}?version={version}");
            view! {
                <div class="err row" role="alert">
                    <span>
                        {format!("Version {version} has been saved meanwhile; yours is written for another.")}
                    </span>
                    <a class="btn" href=href target="_blank">
                        "See what changed"
                    </a>
                    <button type="button" class="btn needs-script" on:click=take>
                        {format!("Go on from version {version}")}
                    </button>
                </div>
            }
        })
    }
}
