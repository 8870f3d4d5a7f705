//! Drawn lines: the mark and the signs of the navigation.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Overview,
    Stream,
    DeadLetters,
    Runs,
    Quarantine,
    Workflows,
    Sources,
    Secrets,
    Keys,
    Api,
    Alerts,
    People,
    Audit,
    Retention,
    Erasures,
    Types,
    Settings,
    Replay,
}

impl Shape {
    fn path(self) -> &'static str {
        match self {
            Self::Overview => "M2 12V8m4 4V4m4 8V6m4 6V2",
            Self::Stream => "M1 4c3 0 3 2 6 2s3-2 7-2M1 10c3 0 3 2 6 2s3-2 7-2",
            Self::Runs => "M2 4h7M2 8h4M2 12h8M10.500 6l4 2.500-4 2.500z",
            Self::DeadLetters => "M2 4h11v8H2zM2 4l5.5 4.5L13 4M10 10l4 4m0-4l-4 4",
            Self::Workflows => {
                "M5.5 3.5a2 2 0 11-4 0 2 2 0 014 0zM13.5 11.5a2 2 0 11-4 0 2 2 0 014 0z\
                 M3.5 5.500v3a3 3 0 003 3h3"
            }
            Self::Quarantine => {
                "M7.500 1.500l5 1.800v3.700c0 3.200-2 5.300-5 6.500-3-1.200-5-3.300-5-6.500V3.300zM7.500 4.800v3.200M7.500 10.200v.200"
            }
            Self::Sources => "M2 13l5-5m-2-5a5 5 0 017 7M4 6a3 3 0 015 5",
            Self::Secrets => "M3 7h9v6.500H3zM5 7V4.500a2.500 2.500 0 015 0V7M7.500 9.500v1.500",
            Self::Keys => "M7.500 10.500a3 3 0 11-6 0 3 3 0 016 0zM7 8l6-6m-2 2l2 2",
            Self::Api => "M5 3.500L1.500 7.500 5 11.500M10 3.500l3.500 4L10 11.500",
            Self::Alerts => "M3.500 11V7a4 4 0 018 0v4l1.500 1.500H2zM6 13.500h3M7.500 1.500v1.500",
            Self::People => {
                "M7.500 5a2.500 2.500 0 11-5 0 2.500 2.500 0 015 0zM1 13c0-2.500 1.700-4 4-4s4 1.500 4 4M9.500 2.700a2.500 2.500 0 010 4.600M11 9.300c1.900.500 3 1.800 3 3.700"
            }
            Self::Audit => "M3 1.500h6l3 3v9H3zM9 1.500v3h3M5.500 7.500h4M5.500 10.500h4",
            Self::Retention => {
                "M13.500 7.500a6 6 0 11-12 0 6 6 0 0112 0zM7.500 4v3.500l2.500 1.500"
            }
            Self::Erasures => {
                "M5.500 12.500l-3.500-3.500 6.500-6.500 4.500 4.500-5.500 5.500zM5 5.500l4.500 4.500M5.500 12.500h8"
            }
            Self::Types => {
                "M5 2c-2 0-2 1.500-2 3s-1 2.500-2 2.500c1 0 2 1 2 2.500s0 3 2 3M10 2c2 0 2 1.500 2 3s1 2.500 2 2.500c-1 0-2 1-2 2.500s0 3-2 3"
            }
            Self::Settings => {
                "M1.500 4.500h5m3 0h4M1.500 10.500h2m3 0h7M9.500 4.500a1.500 1.500 0 11-3 0 1.500 1.500 0 013 0zM6.500 10.500a1.500 1.500 0 11-3 0 1.500 1.500 0 013 0z"
            }
            Self::Replay => "M12.500 7.500a5 5 0 11-1.600-3.670M12.500 1.500v3h-3",
        }
    }
}

#[component]
pub fn Icon(shape: Shape) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 15 15" aria-hidden="true">
            <path d=shape.path() />
        </svg>
    }
}

#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 22 22" aria-hidden="true">
            <path d="M2 6.5c3 0 3 2 6 2s3-2 6-2 3 2 6 2M11 2v18M13.5 14c2 0 3 1.5 6.5 1.5" />
        </svg>
    }
}
