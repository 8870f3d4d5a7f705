//! The workflows: what starts them, and what they do.

use leptos::prelude::*;

use crate::{
    api::{SwitchWorkflow, list_workflows},
    model::WorkflowView,
    pages::workflow::{
        detail::{step, trigger},
        switch::{Standing, SwitchButton, switching},
    },
    ui::{Actions, Columns, Command, Fetched, ForOperators, Header},
};

#[component]
pub fn WorkflowsPage() -> impl IntoView {
    let done = expect_context::<Actions>().done;
    let switch = switching();
    let workflows = Resource::new(move || done.get(), |_| list_workflows());
    view! {
        <Header title="Workflows" />
        <div class="scroll">
            <Fetched from=workflows let:workflows>
                <List workflows switch />
            </Fetched>
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
        <div class="bar">
            <p class="dim">"Each change is a version; runs stay with the one that started them."</p>
            <ForOperators>
                <a class="btn main" href="/workflows/new">
                    "New workflow"
                </a>
            </ForOperators>
        </div>
        <table class="plain">
            <Columns names=&["Workflow", "Starts on", "Steps", "State"] acted=true />
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
    let named = workflow.name.clone();
    let href = format!("/workflows/{}", workflow.id);
    view! {
        <tr class:ended=!on>
            <td>
                <a class="to" href=href>
                    <b>{workflow.name}</b>
                </a>
                <div class="dim">"Version " {workflow.version}</div>
            </td>
            <td>{triggers}</td>
            <td>
                <ol class="steps">{steps}</ol>
            </td>
            <td>
                <Standing on />
            </td>
            <td>
                <div class="row end-row">
                    <ForOperators>
                        <SwitchButton id=workflow.id on named switch />
                    </ForOperators>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

/// Ready-made definitions to begin with; the editor's address names them.
const STARTS: [(&str, &str, &str); 3] = [
    ("notify", "Call a system", "Tell the warehouse about every order above 100, with retries."),
    ("alert", "Raise an alarm", "Two kinds of events, one text, sent to one address."),
    (
        "remind",
        "Wait and look again",
        "A day after an order, ask whether it was paid, and emit an event if not.",
    ),
];

#[component]
fn Empty() -> impl IntoView {
    let card = |(start, title, story): (&str, &'static str, &'static str)| {
        view! {
            <li>
                <a class="card" href=format!("/workflows/new?start={start}")>
                    <b>{title}</b>
                    <span>{story}</span>
                </a>
            </li>
        }
    };
    view! {
        <section class="empty wide">
            <h2>"No workflows yet"</h2>
            <p>
                "A workflow says which events start it and what happens then: calls to other systems, \
                 delays, events of its own."
            </p>
            <ForOperators>
                <p>
                    "Begin with one of these and change it to your needs, or "
                    <a href="/workflows/new">"with an empty one"</a> "."
                </p>
                <ul class="cards">{STARTS.map(card)}</ul>
                <Command
                    label="Or on the command line"
                    text="sluice workflows apply -f workflow.yaml"
                />
            </ForOperators>
        </section>
    }
}
