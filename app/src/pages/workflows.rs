//! The workflows: what starts them, and what they do.

use leptos::prelude::*;

use crate::{
    api::{SwitchWorkflow, list_workflows},
    model::{StepView, TriggerView, WorkflowView},
    ui::{Actions, Command, Header, Notice, Problem, announce},
};

const EXAMPLE: &str = r#"name: Notify warehouse
triggers:
  - eventType: order.*
    filter: event.payload.total > 100
steps:
  - id: notify
    http: { method: POST, url: "https://warehouse.example/orders", body: "${event.payload}" }
    retry: { attempts: 8, initial: 5s, max: 1h }
"#;

#[component]
pub fn WorkflowsPage() -> impl IntoView {
    let done = expect_context::<Actions>().done;
    let workflows = Resource::new(move || done.get(), |_| list_workflows());
    let switch = ServerAction::<SwitchWorkflow>::new();
    announce(switch, |on| {
        Notice::done(match on {
            true => "On: events that match start it again.",
            false => "Off: events that match do not start it. Runs that have begun go on.",
        })
    });
    view! {
        <Header title="Workflows" />
        <div class="scroll">
            <Transition>
                {move || Suspend::new(async move {
                    match workflows.await {
                        Ok(workflows) => view! { <List workflows switch /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </div>
    }
}

#[component]
fn List(workflows: Vec<WorkflowView>, switch: ServerAction<SwitchWorkflow>) -> impl IntoView {
    if workflows.is_empty() {
        return view! { <Empty /> }.into_any();
    }
    let rows: Vec<_> =
        workflows.into_iter().map(|workflow| view! { <Row workflow switch /> }).collect();
    view! {
        <table class="plain">
            <thead>
                <tr>
                    <th>"Workflow"</th>
                    <th>"Starts on"</th>
                    <th>"Steps"</th>
                    <th>"State"</th>
                    <th></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Row(workflow: WorkflowView, switch: ServerAction<SwitchWorkflow>) -> AnyView {
    let triggers: Vec<_> = workflow.triggers.into_iter().map(trigger).collect();
    let steps: Vec<_> = workflow.steps.into_iter().map(step).collect();
    let on = workflow.enabled;
    let (class, state) = if on { ("s on", "On") } else { ("s off", "Off") };
    let (turn, say) = if on { ("false", "Turn off") } else { ("true", "Turn on") };
    let label = format!("{say} {}", workflow.name);
    view! {
        <tr class:ended=!on>
            <td>
                <b>{workflow.name}</b>
                <div class="dim">"Version " {workflow.version}</div>
            </td>
            <td>{triggers}</td>
            <td>
                <ol class="steps">{steps}</ol>
            </td>
            <td>
                <span class=class>{state}</span>
            </td>
            <td>
                <div class="row end-row">
                    <ActionForm action=switch attr:class="inline">
                        <input type="hidden" name="id" value=workflow.id />
                        <input type="hidden" name="on" value=turn />
                        <button class="btn" aria-label=label>
                            {say}
                        </button>
                    </ActionForm>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

fn trigger(trigger: TriggerView) -> impl IntoView {
    view! {
        <div class="trigger">
            <span class="m">{trigger.event_type}</span>
            {trigger.filter.map(|filter| view! { <div class="m dim">"if " {filter}</div> })}
        </div>
    }
}

fn step(step: StepView) -> impl IntoView {
    view! {
        <li>
            <span class="m">{step.id}</span>
            <span class="dim">" " {step.kind}</span>
        </li>
    }
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <section class="empty">
            <h2>"No workflows yet"</h2>
            <p>
                "A workflow says which events start it and what happens then. Save this as "
                <code>"notify.yaml"</code> ", change it to your needs, and apply it."
            </p>
            <Command label="notify.yaml" text=EXAMPLE />
            <Command label="Apply it" text="sluice workflows apply -f notify.yaml" />
        </section>
    }
}
