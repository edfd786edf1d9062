//! Ctrl-C stops a run between two instructions, so that its state can be shown.

use std::{
    process,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// The exit code of what Ctrl-C stopped, as shells have it: 128 and the number of
/// the signal.
pub(crate) const INTERRUPTED: u8 = 130;

/// Set by the first Ctrl-C.
static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// The flag that Ctrl-C sets, for a machine to watch; a second Ctrl-C ends the
/// program at once.
pub(crate) fn flag() -> Arc<AtomicBool> {
    let flag = FLAG.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let own = Arc::clone(&flag);
        let handler = move || {
            if own.swap(true, Ordering::Relaxed) {
                process::exit(INTERRUPTED.into());
            }
        };
        // Without a handler Ctrl-C ends the program, as if there were no watch.
        let _ = ctrlc::set_handler(handler);
        flag
    });
    Arc::clone(flag)
}
