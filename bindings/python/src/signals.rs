//! Ctrl-C while something runs without the GIL.

use pyo3::{prelude::*, sync::PyOnceLock};

/// Asks Python from time to time whether a signal arrived.
///
/// Only the main thread handles signals. Other threads must not ask: they may still run while
/// the interpreter ends, and there is nobody to ask then.
#[derive(Clone, Copy)]
pub(crate) struct Signals {
    is_main: bool,
}

impl Signals {
    /// Finds out whether this is the main thread.
    pub(crate) fn new(py: Python<'_>) -> PyResult<Self> {
        static GET_IDENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static MAIN_THREAD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let this = GET_IDENT.import(py, "threading", "get_ident")?.call0()?;
        let main = MAIN_THREAD.import(py, "threading", "main_thread")?.call0()?.getattr("ident")?;
        Ok(Self { is_main: this.eq(main)? })
    }

    /// Runs the handlers of signals that arrived. To be called without the GIL.
    ///
    /// # Errors
    /// What a handler raised, such as `KeyboardInterrupt`.
    pub(crate) fn check(self) -> PyResult<()> {
        if self.is_main { Python::attach(|py| py.check_signals()) } else { Ok(()) }
    }
}
