//! Parsing and evaluating go as deep into the stack as an expression is nested, and a stack that overflows
//! ends the whole process. So what may be deep is done on a stack of its own.

/// For the deepest expression of the greatest length; only what is used of it takes memory.
const ROOM: usize = 64 * 1024 * 1024;

/// Does the work, with much room where it may be deep; nothing when there can be no thread for it.
pub(super) fn with_room<T: Send>(deep: bool, work: impl FnOnce() -> T + Send) -> Option<T> {
    if !deep {
        return Some(work());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(ROOM).spawn_scoped(scope, work);
        match thread.ok()?.join() {
            Ok(done) => Some(done),
            Err(panicked) => std::panic::resume_unwind(panicked),
        }
    })
}
