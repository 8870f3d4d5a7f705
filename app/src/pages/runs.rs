//! What the workflows did: every run, the newest first.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::list_runs,
    model::{Page, RunFilter, RunItem, RunStatus},
    ui::{
        self, Actions, CancelRunButton, Columns, EventTypeName, Fetched, Header, Moment, RunState,
    },
};

#[component]
pub fn RunsPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| RunFilter::read(|name| query.get(name))));
    let done = expect_context::<Actions>().done;
    let runs = Resource::new(move || (filter.get(), done.get()), |(filter, _)| list_runs(filter));
    view! {
        <Header title="Runs" />
        <div class="scroll">
            <Fetched from=runs let:page>
                <List page filter=filter.get_untracked() />
            </Fetched>
        </div>
    }
}

#[component]
fn List(page: Page<RunItem>, filter: RunFilter) -> AnyView {
    let older = page.next_cursor.map(|cursor| {
        let older = RunFilter { cursor, ..filter.clone() };
        view! {
            <a class="btn" href=address(&older)>
                "Load older"
            </a>
        }
    });
    let narrow = filter.is_narrow();
    let empty = page.items.is_empty();
    let rows: Vec<_> = page.items.into_iter().map(|run| view! { <Line run /> }).collect();
    view! {
        <Filter filter />
        {if empty {
            view! { <Nothing narrow /> }.into_any()
        } else {
            view! {
                <table class="plain">
                    <Columns
                        names=&["Created", "Workflow", "Event", "Status", "Attempts", "Error"]
                        acted=true
                    />
                    <tbody>{rows}</tbody>
                </table>
                <div class="more-bar">{older}</div>
            }
                .into_any()
        }}
    }
    .into_any()
}

/// A plain form: it works without a script, and the address says what is shown.
#[component]
fn Filter(filter: RunFilter) -> AnyView {
    let options: Vec<_> = RunStatus::ALL
        .into_iter()
        .map(|status| {
            view! {
                <option value=status.name() selected=filter.status == status.name()>
                    {status.label()}
                </option>
            }
        })
        .collect();
    let clear = filter.is_narrow().then(|| {
        view! {
            <a class="btn" href="/runs">
                "Show all"
            </a>
        }
    });
    view! {
        <form class="bar" method="get" action="/runs" role="search">
            <label class="chip">
                <span>"Status"</span>
                <select name="status">
                    <option value="">"Any"</option>
                    {options}
                </select>
            </label>
            <label class="chip">
                <span>"Workflow"</span>
                <input
                    name="workflow"
                    placeholder="any"
                    autocomplete="off"
                    spellcheck="false"
                    value=filter.workflow
                />
            </label>
            <label class="chip">
                <span>"From"</span>
                <input name="from" placeholder="2026-01-31T09:00:00Z" value=filter.from />
            </label>
            <label class="chip">
                <span>"To"</span>
                <input name="to" placeholder="now" value=filter.to />
            </label>
            <button class="btn">"Filter"</button>
            {clear}
        </form>
    }
    .into_any()
}

#[component]
fn Line(run: RunItem) -> AnyView {
    let open = !run.status.is_finished();
    let event = run.event.map(|event| {
        view! {
            <a href=format!("/events/{}", event.id)>
                <EventTypeName name=event.event_type />
            </a>
        }
    });
    view! {
        <tr data-run-id=run.id.clone()>
            <td>
                <a class="m" href=format!("/runs/{}", run.id)>
                    <Moment at=run.created_at />
                </a>
            </td>
            <td data-label="Workflow">
                {run.workflow.name} " " <span class="dim">"v" {run.workflow.version}</span>
                {run.test.then(|| view! { <span class="label">"Test"</span> })}
            </td>
            <td data-label="Event">{event}</td>
            <td data-label="Status">
                <RunState status=run.status />
                {run
                    .next_attempt_at
                    .map(|at| view! { <div class="dim">"next attempt " <Moment at /></div> })}
            </td>
            <td data-label="Attempts">{run.attempts}</td>
            <td data-label="Error">{run.error}</td>
            <td>{open.then(|| view! { <CancelRunButton id=run.id.clone() /> })}</td>
        </tr>
    }
    .into_any()
}

#[component]
fn Nothing(narrow: bool) -> impl IntoView {
    let (title, text) = match narrow {
        true => ("No run matches", "No run fits these filters."),
        false => (
            "No run yet",
            "A workflow runs when an event comes that one of its triggers matches; each run is here, \
             with every attempt of its steps.",
        ),
    };
    view! {
        <section class="empty">
            <h2>{title}</h2>
            <p>{text}</p>
        </section>
    }
}

/// The address of the list under `filter`.
fn address(filter: &RunFilter) -> String {
    ui::address("/runs", filter.pairs())
}
