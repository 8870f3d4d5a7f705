//! The frame around every page of someone who is signed in.

use leptos::prelude::*;
use leptos_router::components::Outlet;

use super::{Actions, Nav, NoticeLine, Notices, Palette, ShortcutSheet};
use crate::api::get_session;
use crate::live::Live;

#[component]
pub fn Layout() -> impl IntoView {
    expect_context::<Live>().open();
    Notices::provide();
    Actions::provide();
    view! {
        <a class="skip" href="#content">
            "Skip to the content"
        </a>
        <div class="shell">
            <Around />
            <Content />
        </div>
        <Palette />
        <ShortcutSheet />
    }
}

// Erased types here and below keep the compiler's recursion, and the binary, small.

#[component]
fn Around() -> AnyView {
    let session = Resource::new(|| (), |()| get_session());
    view! {
        <Transition>
            {move || session.get().map(|session| view! { <Nav session=session.ok() /> })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Content() -> AnyView {
    let (page, notices) = (view! { <Outlet /> }.into_any(), view! { <NoticeLine /> }.into_any());
    view! {
        <main id="content" tabindex="-1">
            {page}
            {notices}
        </main>
    }
    .into_any()
}
