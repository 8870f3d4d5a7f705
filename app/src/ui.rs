//! Parts of pages. They show what they are given and call nobody.

pub mod actions;
pub mod command;
pub mod copy;
pub mod event_type;
pub mod facts;
pub mod header;
pub mod icon;
pub mod json;
pub mod layout;
pub mod nav;
pub mod notice;
pub mod problem;
pub mod pulse;
pub mod runs;
pub mod status;
pub mod time;

pub use actions::{Actions, ReplayButton, ReplayIcon, ResolveButton, RetryButton};
pub use command::Command;
pub use copy::CopyButton;
pub use event_type::EventTypeName;
pub use facts::Fact;
pub use header::Header;
pub use icon::{Icon, Mark};
pub use json::JsonView;
pub use layout::Layout;
pub use nav::Nav;
pub use notice::{Notice, NoticeLine, Notices};
pub use problem::Problem;
pub use pulse::Pulse;
pub use runs::RunList;
pub use status::{EventState, RunState};
pub use time::Moment;
