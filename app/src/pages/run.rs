//! One run: its steps, with what each attempt sent and was answered.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::{
    api::get_run,
    live::Live,
    model::RunDetail,
    ui::{Actions, EventTypeName, Fact, Fetched, Header, Moment, RunList},
};

#[component]
pub fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let event = RwSignal::new(String::new());
    let query = Signal::derive(move || format!("q={}", event.get()));
    let changed = expect_context::<Live>().hints_of_runs(query);
    let done = expect_context::<Actions>().done;
    let run = Resource::new(move || (id.get(), changed.get(), done.get()), |(id, ..)| get_run(id));
    Effect::new(move |_| {
        // Told are the runs of one event, where there is one.
        if let Some(Ok(RunDetail { event: Some(of), .. })) = run.get() {
            event.set(of.id);
        }
    });
    view! {
        <Header title="Run" />
        <Fetched from=run let:run>
            <Detail run />
        </Fetched>
    }
}

#[component]
fn Detail(run: RunDetail) -> AnyView {
    let RunDetail { event, run } = run;
    let name = run.workflow.name.clone();
    let event = event.map(|event| {
        view! {
            <Fact name="Event">
                <a href=format!("/events/{}", event.id)>
                    <EventTypeName name=event.event_type />
                    " "
                    <span class="m">{event.id.clone()}</span>
                </a>
            </Fact>
        }
    });
    view! {
        <Title text=format!("Run of {name}") />
        <div class="event" data-run-id=run.id.clone()>
            <div class="event-top">
                <h2>{name}</h2>
            </div>
            <div class="event-body">
                <section class="pane">
                    <h3>"Steps"</h3>
                    <RunList runs=vec![run.clone()] />
                </section>
                <section class="pane">
                    <h3>"Facts"</h3>
                    <dl class="facts">
                        {event}
                        <Fact name="Workflow">
                            {format!("{}, version {}", run.workflow.name, run.workflow.version)}
                        </Fact>
                        <Fact name="Created">
                            <Moment at=run.created_at.clone() />
                        </Fact>
                        {run
                            .finished_at
                            .clone()
                            .map(|at| view! { <Fact name="Ended"><Moment at /></Fact> })}
                    </dl>
                </section>
            </div>
        </div>
    }
    .into_any()
}
