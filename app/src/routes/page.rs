//! A page as the router holds it. The browser fetches its program when the page is first needed:
//! most visits need few pages, and all of them together are the greater part of the dashboard.
//!
//! Invariant: once [`ChooseView::preload`] has ended, [`ChooseView::choose`] is ready at once, so
//! that hydration and navigation find the page whole.

use std::{future::Future, pin::Pin};

use leptos::{prelude::*, wasm_split::SplitLoaderError};
use leptos_router::{ChooseView, location::Url};

pub(super) type Fetched<T> = Pin<Box<dyn Future<Output = Result<T, SplitLoaderError>>>>;

/// On the server: collects the modules of pages that are preloaded.
#[cfg(feature = "ssr")]
#[derive(Clone, Default)]
pub(super) struct Modules(pub(super) ArcStoredValue<Vec<&'static str>>);

/// Made by [`page!`]; on the server all of it is there from the start.
#[derive(Clone, Copy)]
pub(super) struct Page {
    #[cfg(feature = "ssr")]
    pub(super) module: &'static str,
    pub(super) fetch: fn() -> Fetched<()>,
    pub(super) show: fn() -> Fetched<AnyView>,
}

/// `page!(login: LoginPage)`: this page, whose program is in the module `login`. Pages that are
/// used together may share a module.
// Otherwise rustfmt moves the attribute to the right, every time.
#[rustfmt::skip]
macro_rules! page {
    ($module:ident: $page:ident) => {{
        #[leptos::wasm_split::wasm_split(
            $module,
            wasm_split_path = leptos::wasm_split,
            preload(fetch),
            fallible
        )]
        #[allow(non_snake_case, reason = "named for the page, as the linker sees one name space")]
        fn $page() -> Result<AnyView, leptos::wasm_split::SplitLoaderError> {
            Ok(crate::pages::$page().into_any())
        }
        crate::routes::page::Page {
            #[cfg(feature = "ssr")]
            module: stringify!($module),
            fetch: || Box::pin(fetch()),
            show: || Box::pin($page()),
        }
    }};
}
pub(super) use page;

impl ChooseView for Page {
    async fn choose(self) -> AnyView {
        (self.show)().await.unwrap_or_else(|_| ().into_any())
    }

    async fn preload(&self) {
        #[cfg(feature = "ssr")]
        if let Some(modules) = use_context::<Modules>() {
            modules.0.update_value(|modules| modules.push(self.module));
        }
        if (self.fetch)().await.is_err() {
            leave().await;
        }
    }
}

/// Goes to the page by the server's way: it was started anew, perhaps, and has other files now.
/// Outside of the router nothing leads anywhere, and the page stays the plain one that it is.
async fn leave() {
    if let Some(url) = use_context::<ArcRwSignal<Url>>() {
        let wanted = url.with_untracked(|url| format!("{}?{}", url.path(), url.search()));
        let _ = window().location().set_href(wanted.trim_end_matches('?'));
    }
    std::future::pending().await
}
