//! What the workflows did: every run, the newest first.

use std::cmp::Reverse;

use leptos::{html, prelude::*};
use leptos_router::hooks::use_query_map;

use crate::{
    api::list_runs,
    live::Live,
    model::{Page, RunFilter, RunItem, RunStatus, Timestamp},
    ui::{
        self, Actions, CancelRunButton, Columns, EventTypeName, Fetched, FilterChoice, FilterField,
        Header, Moment, RunState, SendCommand, Stretch, found_by, narrowing, sending,
        sorted::Sorted,
    },
};

#[component]
pub fn RunsPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| RunFilter::read(|name| query.get(name))));
    let moved = expect_context::<Live>().hints_of_runs(Signal::stored(String::new()));
    let done = expect_context::<Actions>().done;
    let runs = Resource::new(
        move || (filter.get(), moved.get(), done.get()),
        |(filter, ..)| found_by(filter, list_runs),
    );
    let own = Owner::current().unwrap_or_default();
    view! {
        <Header title="Runs" />
        <div class="scroll">
            <Filter filter />
            <Fetched from=runs let:found>
                <List page=found.1 filter=found.0 own=own.clone() />
            </Fetched>
        </div>
    }
}

/// `own` is the page's owner.
#[component]
fn List(page: Page<RunItem>, filter: RunFilter, own: Owner) -> AnyView {
    if page.items.is_empty() {
        return view! { <Nothing narrow=filter.is_narrow() /> }.into_any();
    }
    let older = page.next_cursor.map(|cursor| {
        let older = RunFilter { cursor, ..filter };
        view! {
            <a class="btn" href=address(&older)>
                "Load older"
            </a>
        }
    });
    // A button stays with its run while others begin above it.
    let rows = Sorted::new(page.items, as_it_is, own, |run| view! { <Line run /> }.into_any());
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
}

/// The newest first; a run that has moved is shown anew.
fn as_it_is(run: &RunItem) -> (Reverse<String>, &'static str, u32, Option<Timestamp>) {
    (Reverse(run.id.clone()), run.status.name(), run.attempts, run.next_attempt_at.clone())
}

/// A plain form: it works without a script, and the address says what is shown.
#[component]
fn Filter(filter: Memo<RunFilter>) -> AnyView {
    let form = NodeRef::<html::Form>::new();
    let narrow = narrowing(form, |said| address(&RunFilter::read(said)));
    let (send, choose) = (sending(narrow.clone()), narrow.clone());
    let text = move |read: fn(RunFilter) -> String| Signal::derive(move || read(filter.get()));
    let statuses = RunStatus::ALL.map(|status| (status.name(), status.label()));
    let clear = move || {
        filter.with(RunFilter::is_narrow).then(|| {
            view! {
                <a class="btn" href="/runs">
                    "Show all"
                </a>
            }
        })
    };
    view! {
        <form
            class="bar"
            method="get"
            action="/runs"
            role="search"
            node_ref=form
            on:submit=send
        >
            <FilterChoice
                label="Status"
                name="status"
                options=statuses.to_vec()
                chosen=text(|f| f.status)
                narrow=choose
            />
            <FilterField label="Workflow" name="workflow" hint="any" value=text(|f| f.workflow) />
            <Stretch
                label="Created"
                within=text(|f| f.within)
                from=text(|f| f.from)
                to=text(|f| f.to)
                narrow
            />
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
                <a class="m" href=format!("/runs/{}", run.id) data-row="">
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
fn Nothing(narrow: bool) -> AnyView {
    if narrow {
        return view! {
            <section class="empty">
                <h2>"No run matches"</h2>
                <p>"No run fits these filters."</p>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="empty">
            <h2>"No run yet"</h2>
            <p>
                "A workflow runs when an event comes that one of its triggers matches; each run is here, \
                 with every attempt of its steps."
            </p>
            <p>
                <a class="btn main" href="/workflows">
                    "See the workflows"
                </a>
            </p>
            <SendCommand />
        </section>
    }
    .into_any()
}

/// The address of the list under `filter`.
fn address(filter: &RunFilter) -> String {
    ui::address("/runs", filter.pairs())
}
