//! The workflow page's contents.

use leptos::prelude::*;
use leptos_meta::Title;

use super::switch::{Standing, SwitchButton};
use super::versions::{Changed, Versions};
use crate::{
    api::{DeleteWorkflow, RestoreVersion, SwitchWorkflow},
    model::{AuditView, StepView, TriggerView, WorkflowDetail, WorkflowView},
    ui::{CallForm, Confirm, Fact, ForOperators, Moment, Notice, RunList, announce, tell},
};

#[component]
pub fn Detail(detail: WorkflowDetail, switch: ServerAction<SwitchWorkflow>) -> AnyView {
    let WorkflowDetail { workflow, yaml, versions, older, version, off, runs } = detail;
    let restore = ServerAction::<RestoreVersion>::new();
    announce(restore, |version| Notice::done(format!("Restored as version {version}.")));
    let in_force = workflow.version;
    let (id, own, named) = (workflow.id.clone(), workflow.id.clone(), workflow.id.clone());
    let latest = match runs.is_empty() {
        true => {
            view! { <p class="dim">"None among the latest runs of all workflows."</p> }.into_any()
        }
        false => view! { <RunList runs /> }.into_any(),
    };
    view! {
        <Title text=workflow.name.clone() />
        <div class="event workflow" data-workflow-id=own>
            <Top workflow=workflow.clone() switch />
            {off.map(|off| view! { <Off off /> })}
            {version.map(|version| view! { <Changed version id=named.clone() in_force restore /> })}
            <div class="event-body">
                <section class="pane">
                    <h3>"Definition"</h3>
                    <pre class="yaml" tabindex="0">{yaml}</pre>
                </section>
                <section class="pane">
                    <h3>"What it does"</h3>
                    <Summary workflow />
                </section>
                <section class="pane">
                    <h3>"Latest runs"</h3>
                    {latest}
                </section>
                <section class="pane">
                    <h3>"Versions"</h3>
                    <Versions versions older id in_force restore />
                </section>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Top(workflow: WorkflowView, switch: ServerAction<SwitchWorkflow>) -> AnyView {
    let delete = ServerAction::<DeleteWorkflow>::new();
    // What is gone is not fetched again.
    tell(delete, |()| Notice::done("Deleted. Its runs stay.").carried());
    let (switched, deleted) = (workflow.id.clone(), workflow.id.clone());
    let on = workflow.enabled;
    view! {
        <div class="event-top">
            <h2>{workflow.name.clone()}</h2>
            <Standing on />
            <span class="dim">"Version " {workflow.version}</span>
            <ForOperators>
                <div class="row actions">
                    <a class="btn main" href=format!("/workflows/{}/edit", workflow.id)>
                        "Edit"
                    </a>
                    <SwitchButton id=switched on switch />
                    <Confirm
                        id="delete-workflow"
                        label="Delete"
                        title=format!("Delete {}?", workflow.name)
                        text="No event starts it any more. Runs that have begun go on, and what they did stays."
                    >
                        <CallForm action=delete class="inline">
                            <input type="hidden" name="id" value=deleted />
                            <button class="btn danger">"Delete workflow"</button>
                        </CallForm>
                    </Confirm>
                </div>
            </ForOperators>
        </div>
    }
    .into_any()
}

/// Who turned it off, and why.
#[component]
fn Off(off: AuditView) -> AnyView {
    view! {
        <p class="dim off">
            "Turned off by " {off.actor} " " <Moment at=off.at /> ": " {off.detail}
        </p>
    }
    .into_any()
}

#[component]
fn Summary(workflow: WorkflowView) -> AnyView {
    let triggers: Vec<_> = workflow.triggers.into_iter().map(trigger).collect();
    let steps: Vec<_> = workflow.steps.into_iter().map(step).collect();
    view! {
        <dl class="facts">
            <Fact name="Starts on">{triggers}</Fact>
            <Fact name="Steps">
                <ol class="steps">{steps}</ol>
            </Fact>
            <Fact name="Made">
                <Moment at=workflow.created_at />
            </Fact>
            <Fact name="Changed">
                <Moment at=workflow.updated_at />
            </Fact>
            <Fact name="ID">
                <span class="m">{workflow.id}</span>
            </Fact>
        </dl>
    }
    .into_any()
}

/// The pattern, and what has to be true besides.
pub fn trigger(trigger: TriggerView) -> impl IntoView {
    view! {
        <div class="trigger">
            <span class="m">{trigger.event_type}</span>
            {trigger.filter.map(|filter| view! { <div class="m dim">"if " {filter}</div> })}
        </div>
    }
}

pub fn step(step: StepView) -> impl IntoView {
    view! {
        <li>
            <span class="m">{step.id}</span>
            <span class="dim">" " {step.kind}</span>
        </li>
    }
}
