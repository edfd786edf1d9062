//! Ctrl-C stops a run between two instructions, so that its state can be shown.

use std::{
    process,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use neovm::Vm;

/// The exit code of what Ctrl-C stopped, as shells have it: 128 and the number of
/// the signal.
pub(crate) const INTERRUPTED: u8 = 130;

/// Set by the first Ctrl-C.
static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Has Ctrl-C stop a machine; a second one ends the program at once.
pub(crate) fn watch(vm: &mut Vm) {
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
    vm.set_interrupt(Some(Arc::clone(flag)));
}
