//! Who may do what with a chain, and when.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

use pyo3::{exceptions::PyRuntimeError, prelude::*};

use crate::signals::Signals;

/// How long a thread waits until Python is asked whether somebody pressed Ctrl-C.
const PATIENCE: Duration = Duration::from_millis(50);

/// Lets threads change a chain one after the other, and save or close it while nobody
/// executes.
///
/// A signal handler may run in the midst of an execution, on its thread. It may execute, too,
/// but what it could only wait for in vain is an error.
#[derive(Default)]
pub(crate) struct Turns {
    taken: Mutex<Taken>,
    freed: Condvar,
}

#[derive(Default)]
struct Taken {
    /// Who changes the chain.
    writer: Option<ThreadId>,
    /// Who executes: a thread once for each of its executions.
    executing: Vec<ThreadId>,
    /// Whether the writer wants that nobody executes.
    is_alone: bool,
}

impl Turns {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something holds. To be called without the GIL.
    fn wait(&self, signals: Signals, until: impl Fn(&Taken) -> bool) -> PyResult<MutexGuard<'_, Taken>> {
        let mut taken = self.taken();
        while !until(&taken) {
            taken = self.freed.wait_timeout(taken, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
            if !until(&taken) {
                drop(taken);
                signals.check()?;
                taken = self.taken();
            }
        }
        Ok(taken)
    }

    /// Waits until no other thread changes the chain.
    pub(crate) fn change(&self, signals: Signals) -> PyResult<Change<'_>> {
        let me = thread::current().id();
        if self.taken().writer == Some(me) {
            return Err(PyRuntimeError::new_err("the chain is being changed by the thread that wants to change it"));
        }
        self.wait(signals, |taken| taken.writer.is_none())?.writer = Some(me);
        Ok(Change(self))
    }

    /// Waits until no other thread saves or closes the chain.
    pub(crate) fn execute(&self, signals: Signals) -> PyResult<Turn<'_>> {
        let me = thread::current().id();
        let may = |taken: &Taken| !taken.is_alone || taken.writer == Some(me) || taken.executing.contains(&me);
        self.wait(signals, may)?.executing.push(me);
        Ok(Turn(self))
    }
}

/// The right to change the chain.
pub(crate) struct Change<'a>(&'a Turns);

impl Change<'_> {
    /// Waits until nobody executes.
    pub(crate) fn alone(&self, signals: Signals) -> PyResult<()> {
        let me = thread::current().id();
        let mut taken = self.0.taken();
        if taken.executing.contains(&me) {
            return Err(PyRuntimeError::new_err(
                "the chain executes something on the thread that wants to save it or close it",
            ));
        }
        taken.is_alone = true;
        drop(taken);
        self.0.wait(signals, |taken| taken.executing.is_empty()).map(drop)
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let mut taken = self.0.taken();
        (taken.writer, taken.is_alone) = (None, false);
        self.0.freed.notify_all();
    }
}

/// The right to execute.
pub(crate) struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let me = thread::current().id();
        let mut taken = self.0.taken();
        if let Some(place) = taken.executing.iter().rposition(|one| *one == me) {
            taken.executing.swap_remove(place);
        }
        self.0.freed.notify_all();
    }
}
