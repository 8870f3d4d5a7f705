//! The frame around every page of someone who is signed in.

use leptos::{html, prelude::*};
use leptos_router::{components::Outlet, hooks::use_location};

use super::{Actions, Nav, NoticeLine, Notices, Palette, Role, ShortcutSheet};
use crate::api::get_session;
use crate::live::Live;

#[component]
pub fn Layout() -> impl IntoView {
    expect_context::<Live>().open();
    Role::provide();
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
    let main = NodeRef::<html::Main>::new();
    let path = use_location().pathname;
    // The link that was followed goes with its page: whoever reads by keyboard or ear goes on at the new one.
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path)
            && let Some(main) = main.get_untracked()
        {
            // It fails only for what is not in the document.
            let _ = main.focus();
        }
        path
    });
    let (page, notices) = (view! { <Outlet /> }.into_any(), view! { <NoticeLine /> }.into_any());
    view! {
        <main id="content" tabindex="-1" node_ref=main>
            {page}
            {notices}
        </main>
    }
    .into_any()
}
