//! Objects of the host.

use alloc::{boxed::Box, rc::Rc};
use core::any::Any;

/// An object of the host, equal only to clones of itself.
#[derive(Clone)]
pub struct Interop(Rc<Object>);

struct Object(Box<dyn Any>);

impl Drop for Object {
    fn drop(&mut self) {
        let guard = NoUnwind;
        drop(core::mem::replace(&mut self.0, Box::new(())));
        core::mem::forget(guard);
    }
}

/// Ends the process where an object panics when it is dropped, by a second
/// panic: engines drop items while they are in pieces.
struct NoUnwind;

impl Drop for NoUnwind {
    fn drop(&mut self) {
        panic!("an object of the host panicked when it was dropped");
    }
}

impl Interop {
    /// Creates an item that holds an object. If the object panics when it is
    /// dropped, the process aborts.
    pub fn new(object: impl Any) -> Self {
        Self(Rc::new(Object(Box::new(object))))
    }

    /// Returns the object if it is of type `T`.
    pub fn downcast_ref<T: Any>(&self) -> Option<&T> {
        self.0.0.downcast_ref()
    }
}

impl PartialEq for Interop {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Interop {}

impl core::fmt::Debug for Interop {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Interop")
    }
}
