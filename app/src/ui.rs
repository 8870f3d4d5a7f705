//! Parts of pages. They show what they are given and call nobody.

pub mod actions;
pub mod address;
pub mod chart;
pub mod columns;
pub mod command;
pub mod confirm;
pub mod copy;
pub mod copy_line;
pub mod event_type;
pub mod facts;
pub mod fetched;
pub mod form;
pub mod header;
pub mod icon;
pub mod json;
pub mod layout;
pub mod nav;
pub mod notice;
pub mod number;
pub mod origin;
pub mod palette;
pub mod problem;
pub mod pulse;
pub mod runs;
pub mod shortcuts;
pub mod sorted;
pub mod status;
pub mod time;

pub use actions::{
    Actions, CancelRunButton, ReplayButton, ReplayForm, ReplayIcon, ResolveButton, ResolveNoting,
    RetryButton, announce, tell,
};
pub use address::address;
pub use columns::Columns;
pub use command::Command;
pub use confirm::Confirm;
pub use copy::CopyButton;
pub use copy_line::CopyLine;
pub use event_type::EventTypeName;
pub use facts::Fact;
pub use fetched::Fetched;
pub use form::{Field, FormEnd, NewLink, Refusal, Tick};
pub use header::Header;
pub use icon::{Icon, Mark};
pub use json::JsonView;
pub use layout::Layout;
pub use nav::Nav;
pub use notice::{Notice, NoticeLine, Notices};
pub use origin::origin;
pub use palette::Palette;
pub use problem::Problem;
pub use pulse::Pulse;
pub use runs::RunList;
pub use shortcuts::ShortcutSheet;
pub use status::{EventState, RunState};
pub use time::{Day, Moment};
