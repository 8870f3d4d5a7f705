//! What a page shows of what it fetched.

use std::{
    future::Future,
    sync::{Arc, Mutex},
};

use leptos::{prelude::*, tachys::reactive_graph::SharedReactiveFunction};

use super::Problem;
use crate::ApiError;

/// `from` as the children show it, or what went wrong. While it is fetched again, what is there stays
/// and can be used, until what comes next takes its place in one step, if it is any different. (The view of a
/// [`Suspend`] is taken down first: whoever clicks before the next one is there meets signals that are gone.)
#[component]
pub fn Fetched<T, V>(
    from: Resource<Result<T, ApiError>>,
    children: impl Fn(T) -> V + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    V: IntoView + 'static,
{
    // By its trait: one `Transition` is compiled for all pages. What it waits for is asked inside of it.
    let shown: Box<dyn FnOnce() -> Shown + Send> = Box::new(move || {
        let found = read(from);
        Arc::new(Mutex::new(move || {
            found.get().map(|found| match found {
                Ok(found) => children(found).into_any(),
                Err(error) => view! { <Problem error /> }.into_any(),
            })
        }))
    });
    view! { <Transition fallback=Coming>{shown()}</Transition> }.into_any()
}

/// What was found, with what it was asked by. Children that show both take them from here: what has been found
/// for another question may be equal, and the address says what is asked by now, not what is shown.
pub async fn found_by<Q: Clone, T, F: Future<Output = Result<T, ApiError>>>(
    asked: Q,
    find: impl FnOnce(Q) -> F,
) -> Result<(Q, T), ApiError> {
    find(asked.clone()).await.map(|found| (asked, found))
}

/// A value equal to the one before is not shown anew in the browser. On the server, where nothing is ever
/// shown anew, a memo would be wrong: what waits for the value is told that it is there just before it is, on
/// another thread, and would read the memo of before.
fn read<T>(from: Resource<Result<T, ApiError>>) -> Signal<Option<Result<T, ApiError>>>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    if cfg!(feature = "ssr") {
        Signal::derive(move || from.get())
    } else {
        Memo::new(move |_| from.get()).into()
    }
}

type Shown = SharedReactiveFunction<Option<AnyView>>;

/// Lines in the place of what is on its way. Only who goes on from another page sees them, and only when
/// it takes a moment.
#[component]
fn Coming() -> AnyView {
    view! { <div class="coming" role="status" aria-label="Loading"></div> }.into_any()
}
