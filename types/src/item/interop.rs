//! Objects of the host.

use alloc::{boxed::Box, rc::Rc};
use core::any::Any;

/// An object of the host. Equal only to clones of itself.
#[derive(Clone)]
pub struct Interop(Rc<Box<dyn Any>>);

impl Interop {
    /// An item for an object.
    pub fn new(object: impl Any) -> Self {
        Self(Rc::new(Box::new(object)))
    }

    /// The object, if it is of that type.
    pub fn downcast_ref<T: Any>(&self) -> Option<&T> {
        self.0.as_ref().downcast_ref()
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
